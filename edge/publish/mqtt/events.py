"""What goes to a broker and what comes back: the words that `Link` and its owners exchange."""

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
    """MQTT 5: what the asker knows the answer by."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic to hear."""

    path: str


@dataclass(frozen=True, slots=True)
class Token:
    """Names what was sent until it is acknowledged: packet numbers start again with each connection."""

    connection: int
    packet: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a broker takes, by its CONNACK (MQTT 5, chapter 3.2.2.3); of 3.1.1 nothing is known."""

    packet_bytes: int | None = None
    in_flight: int = 65_535
    """Messages that are not acknowledged yet."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands; its number rises with each."""

    connection: int
    protocol: str
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection: why, and what to do. Said once for each new reason."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a publication or a subscription or, with `refusal`, does not take it."""

    token: Token
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message of a subscription."""

    path: str
    payload: bytes
    retained: bool
    response_topic: str | None = None
    """MQTT 5: where the sender wants its answer."""
    correlation: bytes | None = None
    token: Token | None = None
    """By which it is acknowledged, where its owner does that (`Link.settle`)."""


@dataclass(frozen=True, slots=True)
class SubscriptionDenied:
    """The broker does not let this client subscribe; the connection stands."""

    sentence: str


Event = Connected | Disconnected | Acknowledged | Received | SubscriptionDenied
