"""What the demo writes for those without a speaker."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from sound_likeness import likeness

from demo.cab import CabSink
from edge.config import Config
from edge.messages import Alert, Face, Level, Message, Source
from edge.run_registry import Start


def test_the_call_stands_in_the_file_from_the_alert_to_the_open_eyes(tmp_path: Path) -> None:
    told: list[Message] = []
    config = Config.model_validate({"purpose": "driver-safety", "warning": {"speaker": "no such speaker"}})
    path = tmp_path / "warnings.wav"
    with CabSink(config, path, Start.now("s"), told.append) as cab:
        for index in range(10 * 30):
            t_s, shut = index / 30, 3.0 <= index / 30 < 7.0
            if index == round(4.5 * 30):
                cab.write(Alert(t_s, "a", "new", "microsleep", Level.CRITICAL, 3.0, 1.5, {"track": 1}))
            cab.write(Face(t_s, 1, usable=True, reason=None, openness=0.0 if shut else 1.0))
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32_768
    assert len(sound) / rate_hz == pytest.approx(10.0, abs=0.1)
    called = np.flatnonzero(np.abs(sound[2 * rate_hz :]) > 0.01) / rate_hz + 2.0
    assert called[0] == pytest.approx(4.5, abs=0.1), "within 100 ms of the mark"
    assert 7.0 <= called[-1] < 8.2
    assert likeness(sound[4 * rate_hz : 7 * rate_hz], "critical") > 0.9
    assert [item.source for item in told if isinstance(item, Source)] == ["speaker"]
