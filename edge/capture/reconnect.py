"""Keeping a live source open: paced attempts, one word when it is lost and one when it is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import TypeVar

from edge.capture import CaptureError
from edge.messages import Source

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
_STEADY_S = 10.0
"""A connection that lasted this long was a good one: the next attempt follows quickly again."""

_Item = TypeVar("_Item")


def kept_open(
    name: str, connect: Callable[[], Iterator[_Item]], now: Callable[[], float], stop: Event
) -> Iterator[_Item | Source]:
    """Whatever `connect` delivers, connecting again after each failure until `stop` is set.

    `name` is the source in the `Source` messages: `lost` with the cause once per outage, `ok` at its first delivery
    after one. Between attempts it waits 1 s, then twice as long each time up to 30 s.
    """
    delay_s, lost = FIRST_DELAY_S, False
    while not stop.is_set():
        began_s = now()
        cause = "it ended"
        try:
            for item in connect():
                if lost:
                    yield Source(now(), name, "ok")
                    lost = False
                yield item
                if stop.is_set():
                    return
        except CaptureError as error:
            cause = str(error)
        if not lost:
            yield Source(now(), name, "lost", cause)
            lost = True
        if now() - began_s > _STEADY_S:
            delay_s = FIRST_DELAY_S
        stop.wait(delay_s)
        delay_s = min(2 * delay_s, LONGEST_DELAY_S)
