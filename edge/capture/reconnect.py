"""Keeping a live source open: paced attempts, one word when it is lost and one when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import TypeVar

from edge.capture import CaptureError
from edge.i18n.sentence import Sentence
from edge.messages import Source

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 4.0
"""A source that is back is to be seen again within 10 s, of which connecting and guessing its format may take 5."""
_STEADY_S = 10.0
"""A connection that lasted this long was a good one: the next attempt follows quickly again."""
_LOOK_S = 0.2

_Item = TypeVar("_Item")


def kept_open(
    name: str, connect: Callable[[], Iterator[_Item]], now: Callable[[], float], stop: Event, again: Event | None = None
) -> Iterator[_Item | Source]:
    """Whatever `connect` delivers, connecting again after each failure until `stop` is set.

    `name` is the source in the `Source` messages: `lost` with the cause once per outage, `ok` at its first delivery
    after one. Between attempts it waits 1 s, then twice as long each time up to 4 s. Whoever sets `again` has the
    source closed at its next delivery and opened anew at once.
    """
    delay_s, lost = FIRST_DELAY_S, False
    while not stop.is_set():
        began_s = now()
        cause: str = Sentence("source_ended")
        try:
            for item in connect():
                if lost:
                    yield Source(now(), name, "ok")
                    lost = False
                yield item
                if stop.is_set():
                    return
                if again is not None and again.is_set():
                    cause = Sentence("source_restarted")
                    break
        except CaptureError as error:
            cause = error.sentence
        if not lost:
            yield Source(now(), name, "lost", cause)
            lost = True
        if now() - began_s > _STEADY_S:
            delay_s = FIRST_DELAY_S
        if again is None:
            stop.wait(delay_s)
        elif _asked_within(delay_s, stop, again):
            again.clear()
            delay_s = FIRST_DELAY_S
            continue
        delay_s = min(2 * delay_s, LONGEST_DELAY_S)


def _asked_within(delay_s: float, stop: Event, again: Event) -> bool:
    """Wait `delay_s`, shorter when `stop` or `again` is set; return whether it was `again`."""
    until_s = time.monotonic() + delay_s
    while not again.is_set() and (left_s := until_s - time.monotonic()) > 0:
        if stop.wait(min(left_s, _LOOK_S)):
            return False
    return again.is_set()
