"""Decodes received messages into the payload models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from edge.publish import payloads
from edge.publish.mqtt.events import Received
from edge.publish.payloads import Payload
from edge.publish.topics import Address, address_of

BODIES: Mapping[str, type[Payload]] = {
    "status": payloads.StatusPayload,
    "info": payloads.InfoPayload,
    "state": payloads.StatePayload,
    "alert": payloads.AlertPayload,
    "summary": payloads.SummaryPayload,
    "group": payloads.GroupPayload,
    "health": payloads.HealthPayload,
    "response": payloads.ResponsePayload,
}
"""The payload model of each topic on which a box publishes."""

BodyT_co = TypeVar("BodyT_co", bound=Payload, covariant=True)


@dataclass(frozen=True, slots=True)
class BoxMessage(Generic[BodyT_co]):
    """One message of a box."""

    address: Address
    """The box and the topic."""
    body: BodyT_co
    event: Received
    """As received."""
    late: bool = False
    """Whether later messages of the box were returned before it."""


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message outside the contract: of another program, or of another version."""

    event: Received
    why: str


def read(event: Received, base: str) -> BoxMessage[Payload] | UnknownMessage:
    """Decode one message."""
    address = address_of(event.path, base)
    if address is None or address.name not in BODIES:
        return UnknownMessage(event, "no box publishes on this topic")
    try:
        return BoxMessage(address, BODIES[address.name].model_validate_json(event.payload), event)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        return UnknownMessage(event, f"{'.'.join(map(str, fault['loc'])) or 'payload'}: {fault['msg']}")
