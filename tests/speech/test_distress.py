"""Voices in distress: what is told, and what must not be taken for it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from made_voice import silence, voice

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Anomaly, Audio, Float32, Level
from edge.speech.distress import DistressListener
from edge.speech.segmenter import WINDOW, SpeechSegmenter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks.hearing.noises import noises

RATE = SAMPLE_RATE_HZ


def at(sound: np.ndarray, level_db: float) -> Float32:
    loud = np.square(sound)[np.abs(sound) > 0.05 * np.abs(sound).max()]
    return np.clip(sound / np.sqrt(loud.mean()) * 10 ** (level_db / 20), -1, 1).astype(np.float32)


def tone(pitch_hz: np.ndarray | float, duration_s: float) -> np.ndarray:
    """A voice-like sound: twelve harmonics that fall off."""
    t = np.arange(round(duration_s * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, t.shape)) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 13))


def crying(duration_s: float) -> np.ndarray:
    """Wails of 0.9 s around 420 Hz with a breath between."""
    t = np.arange(round(duration_s * RATE)) / RATE
    place = t % 1.3
    return tone(380 + 80 * np.sin(np.pi * place / 0.9), duration_s) * (place < 0.9)


def laughing(duration_s: float) -> np.ndarray:
    """Calls of 75 ms, five a second, at 300 Hz (Bachorowski et al., JASA 110(3), 2001: short, high and voiced)."""
    t = np.arange(round(duration_s * RATE)) / RATE
    place = t % 0.21
    return tone(330 - 60 * place / 0.21, duration_s) * (place < 0.075)


def slam(seed: int = 0) -> np.ndarray:
    """A burst of noise that dies away within 0.2 s."""
    t = np.arange(RATE) / RATE
    return np.random.default_rng(seed).standard_normal(RATE) * np.exp(-t / 0.05)


def listen(listener: DistressListener, sound: np.ndarray, speech: float, start_s: float = 0.0) -> list[Anomaly]:
    windows = sound[: len(sound) // WINDOW * WINDOW].astype(np.float32).reshape(-1, WINDOW)
    for index, window in enumerate(windows):
        listener.window(start_s + index * WINDOW / RATE, window, speech)
    return [anomaly for heard in listener.take() for anomaly in heard.unusual]


def room() -> DistressListener:
    """A room whose people have talked for half a minute."""
    listener = DistressListener()
    assert listen(listener, at(voice(30.0, 180.0), -38.0), 0.9) == []
    return listener


def alarmed(told: list[Anomaly]) -> bool:
    return any(anomaly.level is Level.WARNING for anomaly in told)


def test_the_crying_child() -> None:
    listener = room()
    told = listen(listener, at(crying(6.0), -16.0), 0.4, 30.0)
    assert alarmed(told) and 29.9 <= told[0].since_s < 31.5 and told[0].t_s < 32.5
    assert told[0].evidence["above_db"] > 12 and told[0].evidence["above_st"] > 6
    after = listen(listener, silence(8.0), 0.01, 36.0)
    assert after[-1].level is Level.NONE and after[-1].t_s < 42.5


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("the whole class laughing", at(laughing(8.0), -16.0)),
        ("the door slam", np.concatenate([at(slam(seed), -6.0) for seed in range(6)])),
        ("the bell", at(tone(520.0, 5.0), -12.0)),
        ("a low motor", at(tone(70.0, 5.0), -12.0)),
        ("somebody near the microphone", at(voice(8.0, 180.0, seed=5), -20.0)),
        ("a high voice far away", at(voice(8.0, 280.0, seed=6), -38.0)),
        (
            "one short yelp",
            at(np.concatenate([tone(np.linspace(300, 450, RATE // 5), 0.2), np.zeros(5 * RATE)]), -16.0),
        ),
    ],
)
def test_what_is_not_told(name: str, sound: np.ndarray) -> None:
    assert not alarmed(listen(room(), sound, 0.6, 30.0)), name


def test_noise_of_any_colour_and_level_is_not_told() -> None:
    listener = room()
    for _, noise in noises(3.0, (-50, -25, -8)):
        assert not alarmed(listen(listener, noise, 0.6, 30.0))


def test_before_voices_here_are_known_nothing_is_told() -> None:
    assert listen(DistressListener(), at(crying(20.0), -10.0), 0.0) == []


def test_lost_sound_joins_nothing() -> None:
    listener, wail = room(), at(crying(0.25), -16.0)
    for piece in range(3):
        assert not alarmed(listen(listener, wail, 0.4, 40.0 + 60.0 * piece))


def test_it_costs_little() -> None:
    listener, sound = room(), at(crying(10.0), -16.0)
    start_s = time.process_time()
    listen(listener, sound, 0.9, 30.0)
    assert (time.process_time() - start_s) / 10.0 < 0.02, "seconds of work for a second of sound"


def read(path: Path) -> Float32:
    return np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])


@pytest.mark.data
@pytest.mark.bundle
def test_a_quarrel_of_a_real_voice_is_told_and_its_calm_talk_is_not(data_dir: Path, bundle_dir: Path) -> None:
    folder, listener = data_dir / "emodb", DistressListener()
    segmenter = SpeechSegmenter(Bundle(bundle_dir), SpeechConfig(), listener.window)
    calm = [at(read(path), -36.0) for path in sorted((folder / "neutral").glob("03*.flac"))]
    angry = [at(read(path), -14.0) for path in sorted((folder / "angry").glob("03*.flac"))][:6]
    talk, quarrel = np.concatenate(calm + calm[:4]), np.concatenate(angry)
    segmenter.step(Audio(0.0, talk))
    assert not any(heard.unusual for heard in listener.take())
    segmenter.step(Audio(len(talk) / RATE, quarrel))
    assert alarmed([anomaly for heard in listener.take() for anomaly in heard.unusual])
