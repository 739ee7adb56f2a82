from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from edge.capture import CaptureError
from edge.capture.source_connection import kept_open
from edge.messages import Audio, Frame, Source


class Patience(Event):
    """Counts the waits instead of waiting, and gives up after the tenth."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.waits_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits_s.append(timeout or 0.0)
        self.now_s += timeout or 0.0
        if len(self.waits_s) == 10:
            self.set()
        return self.is_set()


def test_attempts_are_paced_and_one_outage_is_one_word() -> None:
    def refused() -> Iterator[Frame | Audio | Source]:
        raise CaptureError("the door is locked")
        yield

    stop = Patience()
    items = list(kept_open("camera", refused, lambda: stop.now_s, stop))
    assert stop.waits_s == [1, 2, 4, 4, 4, 4, 4, 4, 4, 4]
    assert [(item.state, item.detail) for item in items if isinstance(item, Source)] == [("lost", "the door is locked")]


def test_after_a_good_connection_the_next_attempt_is_quick_again() -> None:
    lengths_s = iter([0.0, 0.0, 0.0, 60.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    stop = Patience()

    def connect() -> Iterator[Frame | Audio | Source]:
        length_s = next(lengths_s)
        if not length_s:
            raise CaptureError("no answer")
        yield Source(stop.now_s, "anything", "ok")
        stop.now_s += length_s

    items = list(kept_open("camera", connect, lambda: stop.now_s, stop))
    assert stop.waits_s[:5] == [1, 2, 4, 1, 2]
    states = [item.state for item in items if isinstance(item, Source) and item.source == "camera"]
    assert states == ["lost", "ok", "lost"]
