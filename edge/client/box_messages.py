"""Messages of boxes as a client receives them: decoded, and the numbered ones in order and once each; pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from edge.publish import payloads
from edge.publish.mqtt.packets import Received
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

_REMEMBERED = 4096
"""(boot, seq) pairs remembered for each box to detect repetitions; a box resends at most its outbox, in order."""
_MOST_HELD = 500
_MOST_BOOTS = 64
MOST_BOXES = 4096
MOST_REMEMBERED = 500_000
MOST_HELD = 5000
"""For all boxes together: a client can invent names. The box that was silent for longest is dropped first."""

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


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing numbers: lost by the broker, evicted by a full outbox, or still to come."""

    site: str
    box: str
    first: int
    last: int


NumberedMessage = BoxMessage[Any]
"""A message whose body has `boot`, `seq` and `historical`."""


@dataclass(slots=True)
class _Box:
    next: int
    boots: OrderedDict[str, None] = field(default_factory=OrderedDict)
    seen: OrderedDict[tuple[str, int], None] = field(default_factory=OrderedDict)
    held: dict[int, NumberedMessage] = field(default_factory=dict)
    held_s: float = 0.0


class ReorderBuffer:
    """Returns each numbered message once, those of a box in order if they arrive in time.

    Messages after a missing number are held for `patience_s`, then returned after a `Gap`. A message that arrives later
    is returned with `late` set, never dropped.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._boxes: OrderedDict[tuple[str, str], _Box] = OrderedDict()
        self._remembered = self._held = 0

    def take(self, message: NumberedMessage, now_s: float) -> list[NumberedMessage | Gap]:
        """Take one message; return what is ready now."""
        body, place = message.body, (message.address.site, message.address.box)
        box = self._boxes.setdefault(place, _Box(body.seq))
        self._boxes.move_to_end(place)
        if (body.boot, body.seq) in box.seen:
            return []
        out: list[NumberedMessage | Gap] = self._bounded()
        if body.seq < box.next and body.boot not in box.boots and not body.historical:
            out += self._release(place, box)
            box.next = body.seq  # a new outbox restarts its numbers
        elif body.seq in box.held:  # of another run: both are returned
            out += self._release(place, box)
        self._note(box, body.boot, body.seq)
        if body.seq < box.next:
            return [*out, replace(message, late=True)]
        if not box.held:
            box.held_s = now_s
        box.held[body.seq] = message
        self._held += 1
        out += self._following(box)
        return out + self._release(place, box) if len(box.held) > _MOST_HELD else out

    def due(self, now_s: float) -> list[NumberedMessage | Gap]:
        """Messages that were held for long enough."""
        out: list[NumberedMessage | Gap] = []
        for place, box in self._boxes.items():
            if box.held and now_s >= box.held_s + self._patience_s:
                out += self._release(place, box)
        return out

    def wait_s(self, now_s: float) -> float | None:
        """How long until `due` returns something; None if no message is held."""
        held = [box.held_s for box in self._boxes.values() if box.held]
        return max(0.0, min(held) + self._patience_s - now_s) if held else None

    def _release(self, place: tuple[str, str], box: _Box) -> list[NumberedMessage | Gap]:
        out: list[NumberedMessage | Gap] = []
        while box.held:
            first = min(box.held)
            out.append(Gap(*place, box.next, first - 1))
            box.next = first
            out += self._following(box)
        return out

    def _following(self, box: _Box) -> list[NumberedMessage | Gap]:
        out: list[NumberedMessage | Gap] = []
        while box.next in box.held:
            out.append(box.held.pop(box.next))
            box.next += 1
        self._held -= len(out)
        return out

    def _note(self, box: _Box, boot: str, seq: int) -> None:
        box.boots[boot] = None
        box.seen[boot, seq] = None
        self._remembered += 1
        if len(box.seen) > _REMEMBERED:
            box.seen.popitem(last=False)
            self._remembered -= 1
        if len(box.boots) > _MOST_BOOTS:
            box.boots.popitem(last=False)

    def _bounded(self) -> list[NumberedMessage | Gap]:
        """Make room for one more message; return the held messages that this releases."""
        out: list[NumberedMessage | Gap] = []
        while len(self._boxes) > 1 and (
            len(self._boxes) > MOST_BOXES or self._remembered >= MOST_REMEMBERED or self._held >= MOST_HELD
        ):
            place, box = self._boxes.popitem(last=False)
            out += self._release(place, box)
            self._remembered -= len(box.seen)
        return out
