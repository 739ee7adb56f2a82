"""Delivery over MQTT: topics, payloads, a durable outbox and the link to the broker."""

from edge.publish.publisher import Publisher

__all__ = ["Publisher"]
