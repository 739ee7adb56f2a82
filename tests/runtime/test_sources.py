"""The sources of the live box."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from edge.capture import microphone
from edge.config import Config
from edge.messages import Source
from edge.runtime.event_queue import BoundedQueue
from edge.runtime.sources import LiveSources
from edge.runtime.supervision import SAFE_DELAY_S, Supervision


class Hours(threading.Event):
    """A stop that never comes; waiting for it takes no time, and is noted with what the supervision says of it."""

    def __init__(self, parts: Supervision) -> None:
        super().__init__()
        self.parts, self.t_s = parts, 0.0
        self.stuck: list[str | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.t_s += timeout or 0.0
        self.stuck.append(self.parts.stuck(time.monotonic() + (timeout or 0.0)))
        return self.t_s > 2 * SAFE_DELAY_S


def sources(parts: Supervision, device: str | None = None) -> tuple[LiveSources, list[Source]]:
    config = Config.model_validate(
        {"purpose": "driver-safety", "camera": {"uri": "http://127.0.0.1:9/video"}, "microphone": {"device": device}}
    )
    return LiveSources(config, lambda: 0.0, BoundedQueue(16), parts), []


def test_a_source_whose_driver_never_answers_is_found() -> None:
    parts = Supervision()
    sources(parts)[0].captures["camera"]._now()  # type: ignore[attr-defined]
    assert parts.stuck(time.monotonic() + 59) is None
    assert str(parts.stuck(time.monotonic() + 61)).startswith("camera hangs: no answer for 61 s")


def test_a_microphone_whose_driver_cannot_start_rests_in_safe_mode_and_does_not_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PortAudioError(Exception):
        pass

    def broken() -> None:
        raise PortAudioError("Error initializing PortAudio: Unanticipated host error [PaErrorCode -9999]")

    card = SimpleNamespace(_terminate=lambda: None, _initialize=broken, PortAudioError=PortAudioError)
    monkeypatch.setattr(microphone, "sounddevice", lambda: card)
    said: list[Source] = []
    parts = Supervision(said.append)
    intake, _ = sources(parts, "default")
    stop = Hours(parts)
    workers, _ = intake.workers(stop)
    next(worker for worker in workers if worker.name == "microphone")._run()
    assert stop.t_s > SAFE_DELAY_S
    assert stop.stuck == [None] * len(stop.stuck)
    assert {(source.source, source.state) for source in said} == {("microphone", "lost")}
    assert "PortAudio" in said[0].detail
    assert len(said) <= 2
