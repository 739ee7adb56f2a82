from __future__ import annotations

import itertools
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

from edge.capture.microphone import OVERRUN, Microphone
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    sound = SoundServer(tmp_path)
    for name, value in sound.environment.items():
        monkeypatch.setenv(name, value)
    sound.start()
    yield sound
    sound.kill()


def _heard(stream: Iterator[Frame | Audio | Source], server: SoundServer, tone: Path) -> list[Audio] | None:
    """All that was heard while the tone was played, or `None` where the box said that some sound is missing."""
    player = Thread(target=server.play, args=(tone,))
    player.start()
    heard: list[Frame | Audio | Source] = []
    while player.is_alive():
        heard.append(next(stream))
    heard += itertools.islice(stream, 25)
    assert {item.detail for item in heard if isinstance(item, Source)} <= {OVERRUN, ""}
    chunks = [item for item in heard if isinstance(item, Audio)]
    return chunks if len(chunks) == len(heard) else None


def _tone_is_whole(chunks: list[Audio]) -> bool:
    samples = np.concatenate([chunk.samples for chunk in chunks])
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    spectrum = np.abs(np.fft.rfft(samples[loud[0] : loud[-1]]))
    heard_hz = np.argmax(spectrum) * SAMPLE_RATE_HZ / (loud[-1] - loud[0])
    return abs(loud[-1] - loud[0] - SAMPLE_RATE_HZ) <= 200 and abs(heard_hz - TONE_HZ) <= 2


@needs_pulse
def test_the_microphone_hears_every_sample_dies_with_its_server_and_comes_back(server: SoundServer) -> None:
    """The tone is played anew where the machine, busy with other work, took or played some of it too late."""
    tone = make_media(server.folder / "tone.wav", video_s=0, sound_s=1.0, rate_hz=16_000, codecs=("", "pcm_s16le"))
    start_s = time.monotonic()
    stream = Microphone("pulse", lambda: time.monotonic() - start_s).stream(stop := Event())
    assert isinstance(next(stream), Audio)
    for _ in range(10):
        chunks = _heard(stream, server, tone)
        if chunks is None:
            continue
        ends = np.array([chunk.t_s + len(chunk.samples) / SAMPLE_RATE_HZ for chunk in chunks])
        starts = np.array([chunk.t_s for chunk in chunks])
        assert np.abs(starts[1:] - ends[:-1]).max() < 0.005, "one unbroken time line"
        if _tone_is_whole(chunks):
            break
    else:
        pytest.fail("ten times in a row the tone was not heard whole")

    server.kill()
    lost = next(item for item in stream if isinstance(item, Source) and item.detail not in {OVERRUN, ""})
    assert (lost.source, lost.state) == ("microphone", "lost")
    server.start()
    back = next(stream)
    assert isinstance(back, Source)
    assert back.state == "ok"
    assert any(isinstance(item, Audio) for item in itertools.islice(stream, 5))
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
