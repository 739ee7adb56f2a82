"""The client for backends: typed messages of boxes, each alert and summary once and in order (docs/subscriber.md)."""

from edge.client.box_messages import BODIES, BoxMessage, Gap, UnknownMessage
from edge.client.consumer import AlertOrSummary, Consumer, MessageBatch
from edge.client.subscriber import Item, Subscriber
from edge.publish.mqtt.packets import Connected, Disconnected, Received, SubscriptionDenied
from edge.publish.payloads import (
    AlertPayload,
    GroupPayload,
    HealthPayload,
    InfoPayload,
    Payload,
    ResponsePayload,
    StatePayload,
    StatusPayload,
    SummaryPayload,
)
from edge.publish.topics import Address

__all__ = [
    "BODIES",
    "Address",
    "AlertOrSummary",
    "AlertPayload",
    "BoxMessage",
    "Connected",
    "Consumer",
    "Disconnected",
    "Gap",
    "GroupPayload",
    "HealthPayload",
    "InfoPayload",
    "Item",
    "MessageBatch",
    "Payload",
    "Received",
    "ResponsePayload",
    "StatePayload",
    "StatusPayload",
    "Subscriber",
    "SubscriptionDenied",
    "SummaryPayload",
    "UnknownMessage",
]
