"""Topics, payloads, the durable outbox and the MQTT client."""
