"""What goes over a connection: publications, subscriptions, and the events that answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publication:
    """One message to send; `properties` are MQTT 5 user properties, left out for 3.1.1."""

    path: str
    payload: str
    qos: int
    retained: bool
    expiry_s: int | None = None
    properties: Sequence[tuple[str, str]] = ()
    correlation: bytes | None = None
    """MQTT 5: by which the requester recognizes the response."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic to subscribe to."""

    path: str


Outgoing = Publication | Subscription


@dataclass(frozen=True, slots=True)
class Token:
    """Identifies a sent packet until it is acknowledged; packet numbers restart with each connection."""

    connection: int
    packet: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The broker's limits from its CONNACK (MQTT 5, chapter 3.2.2.3); MQTT 3.1.1 has none."""

    packet_bytes: int | None = None
    in_flight: int = 65_535
    """How many messages may be unacknowledged."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The client is connected; the number rises with each connection."""

    connection: int
    protocol: str
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection: the reason and what to do. One event for each new reason."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has accepted a publication or a subscription or, with `refusal`, has not."""

    token: Token
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message of a subscription."""

    path: str
    payload: bytes
    retained: bool
    response_topic: str | None = None
    """MQTT 5: where the sender wants the response."""
    correlation: bytes | None = None
    token: Token | None = None
    """For `MqttClient.settle`, where the owner acknowledges messages itself."""


@dataclass(frozen=True, slots=True)
class SubscriptionDenied:
    """The broker does not let this client subscribe; the connection stays."""

    sentence: str


Event = Connected | Disconnected | Acknowledged | Received | SubscriptionDenied
