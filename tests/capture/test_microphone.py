from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from media_maker import TONE_HZ, make_media
from sound_server import SoundServer, needs_pulse

from edge.capture.microphone import Microphone
from edge.messages import SAMPLE_RATE_HZ, Audio, Source


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    sound = SoundServer(tmp_path)
    for name, value in sound.environment.items():
        monkeypatch.setenv(name, value)
    sound.start()
    yield sound
    sound.kill()


@needs_pulse
def test_the_microphone_hears_every_sample_dies_with_its_server_and_comes_back(server: SoundServer) -> None:
    tone = make_media(server.folder / "tone.wav", video_s=0, sound_s=1.0, rate_hz=16_000, codecs=("", "pcm_s16le"))
    start_s = time.monotonic()
    stream = Microphone("pulse", lambda: time.monotonic() - start_s).stream(stop := Event())
    chunks = [item for _, item in zip(range(10), stream, strict=False) if isinstance(item, Audio)]
    assert len(chunks) == 10
    player = Thread(target=server.play, args=(tone,))
    player.start()
    heard: list[Audio] = []
    while len(heard) < 70:
        item = next(stream)
        assert isinstance(item, Audio)
        heard.append(item)
    player.join()
    samples = np.concatenate([chunk.samples for chunk in heard])
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    assert loud[-1] - loud[0] == pytest.approx(SAMPLE_RATE_HZ, abs=200)
    spectrum = np.abs(np.fft.rfft(samples[loud[0] : loud[-1]]))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / (loud[-1] - loud[0]) == pytest.approx(TONE_HZ, abs=2)
    ends = np.array([chunk.t_s + len(chunk.samples) / SAMPLE_RATE_HZ for chunk in heard])
    starts = np.array([chunk.t_s for chunk in heard])
    assert np.abs(starts[1:] - ends[:-1]).max() < 0.005, "one unbroken time line"

    server.kill()
    item = next(stream)
    while isinstance(item, Audio):
        item = next(stream)
    assert (item.source, item.state) == ("microphone", "lost")
    server.start()
    item = next(stream)
    assert isinstance(item, Source)
    assert item.state == "ok"
    assert isinstance(next(stream), Audio)
    stop.set()


@pytest.mark.skipif(find_library("portaudio") is None, reason="libportaudio2 is not installed")
def test_an_unknown_microphone_is_lost_and_points_to_the_list() -> None:
    item = next(Microphone("no such thing", time.monotonic).stream(Event()))
    assert isinstance(item, Source)
    assert item.state == "lost"
    assert "emvas devices" in item.detail


def test_without_portaudio_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    item = next(Microphone("default", time.monotonic).stream(Event()))
    assert isinstance(item, Source)
    assert "apt install libportaudio2" in item.detail
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
