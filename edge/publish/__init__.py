"""Publishing over MQTT: topics, payloads, a durable outbox and the connection to the broker."""

from edge.publish.publisher import Publisher

__all__ = ["Publisher"]
