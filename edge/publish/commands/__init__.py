"""Commands over MQTT: their payloads, the handler that answers them, and the log that prevents a second execution."""
