from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edge.capture import CaptureError
from edge.messages import Source
from edge.runtime import supervision
from edge.runtime.supervision import Supervision
from edge.runtime.workers import StreamWorker


def run(
    items: Callable[[], Iterator[int]], stop: threading.Event | None = None
) -> tuple[list[int], list[Source], bool]:
    """What a worker took, what was said, and whether it has ended within three seconds."""
    taken: list[int] = []
    said: list[Source] = []
    ended = threading.Event()
    camera = Supervision(said.append).bare("camera")
    StreamWorker(items, taken.append, camera, time.monotonic, stop or threading.Event(), ended.set).start()
    return taken, said, ended.wait(3.0)


def test_a_stream_that_breaks_is_opened_anew_and_one_that_ends_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STEADY_S", 0.1)
    attempts = iter([True, False])

    def items() -> Iterator[int]:
        yield 1
        if next(attempts):
            raise ZeroDivisionError("a driver's surprise")
        yield 2

    taken, said, ended = run(items)
    assert ended
    assert taken == [1, 1, 2]
    assert [source.state for source in said] == ["lost", "ok"]
    assert "a driver's surprise" in said[0].detail


def test_a_file_that_cannot_be_read_ends_and_is_not_read_again() -> None:
    def items() -> Iterator[int]:
        raise CaptureError("the file is damaged")
        yield 1

    taken, said, ended = run(items)
    assert ended
    assert taken == []
    assert [source.detail for source in said] == ["the file is damaged"]


def test_a_stop_does_not_wait_for_the_next_attempt() -> None:
    stop = threading.Event()

    def items() -> Iterator[int]:
        stop.set()
        raise ZeroDivisionError
        yield 1

    start_s = time.monotonic()
    assert run(items, stop)[2]
    assert time.monotonic() - start_s < 0.4
