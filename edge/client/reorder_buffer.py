"""Putting what a box numbers (alerts, summaries) back in order, each of it once; pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from edge.client.decoding import BoxMessage

_REMEMBERED = 4096
"""(boot, seq) pairs of a box by which repetitions are known; it sends at most its outbox (20 000) again, in order."""
_MOST_HELD = 500
_MOST_BOOTS = 64
MOST_BOXES = 4096
MOST_REMEMBERED = 500_000
MOST_HELD = 5000
"""Of all boxes together: names on a broker are easily made up. A box that has not spoken for longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that did not come: lost by the broker, given up by a full outbox, or still to come."""

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
    """Numbered messages in, each of them out once; a box's in the order of their numbers, as far as they come in time.

    What follows on a missing number is held back for `patience_s`, then the gap is told and it goes out. What comes
    later than that is handed out with `late` set, never thrown away.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._boxes: OrderedDict[tuple[str, str], _Box] = OrderedDict()
        self._remembered = self._held = 0

    def take(self, heard: NumberedMessage, now_s: float) -> list[NumberedMessage | Gap]:
        """Take one message; return what can be handed out now."""
        body, place = heard.body, (heard.address.site, heard.address.box)
        box = self._boxes.setdefault(place, _Box(body.seq))
        self._boxes.move_to_end(place)
        if (body.boot, body.seq) in box.seen:
            return []
        out: list[NumberedMessage | Gap] = self._bounded()
        if body.seq < box.next and body.boot not in box.boots and not body.historical:
            out += self._release(place, box)
            box.next = body.seq  # a new outbox counts from the start
        elif body.seq in box.held:  # of another run: both are told
            out += self._release(place, box)
        self._note(box, body.boot, body.seq)
        if body.seq < box.next:
            return [*out, replace(heard, late=True)]
        if not box.held:
            box.held_s = now_s
        box.held[body.seq] = heard
        self._held += 1
        out += self._following(box)
        return out + self._release(place, box) if len(box.held) > _MOST_HELD else out

    def due(self, now_s: float) -> list[NumberedMessage | Gap]:
        """What has been held back for long enough."""
        out: list[NumberedMessage | Gap] = []
        for place, box in self._boxes.items():
            if box.held and now_s >= box.held_s + self._patience_s:
                out += self._release(place, box)
        return out

    def wait_s(self, now_s: float) -> float | None:
        """How long until `due` has something; None when nothing is held back."""
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
        """Make room for one message more; return what was held back and can be no longer."""
        out: list[NumberedMessage | Gap] = []
        while len(self._boxes) > 1 and (
            len(self._boxes) > MOST_BOXES or self._remembered >= MOST_REMEMBERED or self._held >= MOST_HELD
        ):
            place, box = self._boxes.popitem(last=False)
            out += self._release(place, box)
            self._remembered -= len(box.seen)
        return out
