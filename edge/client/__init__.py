"""The client for backends: typed messages of boxes, each alert and summary once and in order (docs/subscriber.md)."""

from edge.client.consumer import Batch, Consumer, Numbered
from edge.client.decoding import BODIES, Foreign, Heard
from edge.client.reorder_buffer import Gap
from edge.client.subscriber import Item, Subscriber
from edge.publish.mqtt.events import Connected, Denied, Received, Trouble
from edge.publish.payloads import Alert, Body, Group, Health, Info, Response, State, Status, Summary
from edge.publish.topics import Address

__all__ = [
    "BODIES",
    "Address",
    "Alert",
    "Batch",
    "Body",
    "Connected",
    "Consumer",
    "Denied",
    "Foreign",
    "Gap",
    "Group",
    "Health",
    "Heard",
    "Info",
    "Item",
    "Numbered",
    "Received",
    "Response",
    "State",
    "Status",
    "Subscriber",
    "Summary",
    "Trouble",
]
