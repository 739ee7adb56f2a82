"""Distress on real recordings: acted anger after the same speaker's calm speech, and sounds that are not distress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hearing.noises import noises
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Level
from edge.speech.distress import DistressListener
from edge.speech.segmenter import SpeechSegmenter

CALM_DB = -36.0
_LOUDER_DB = (0, 12, 20)
CALM_S = 45.0
_SPREE = 3
"""Utterances in a row: about eight seconds."""
_EMOTIONS = ("angry", "happy", "sad", "neutral")


def sound_of(path: Path) -> Float32:
    """A file's sound."""
    return np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])


def at(sound: Float32, level_db: float) -> Float32:
    """With this RMS level where there is sound at all."""
    loud = np.square(sound)[np.abs(sound) > 0.02 * np.abs(sound).max()]
    return np.clip(sound / np.sqrt(loud.mean()) * 10 ** (level_db / 20), -1, 1).astype(np.float32)


def measure(bundle: Bundle, data: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Hits and false alarms by emotion and level; noises; clips of talk; cost."""
    calm = _calm(data / "emodb" / "neutral")
    speakers = sorted(calm)
    spree = {}
    for emotion in _EMOTIONS:
        for louder_db in _LOUDER_DB:
            say(f"{emotion}, {louder_db} dB above the calm voice")
            told = []
            for speaker in speakers[::3]:
                paths = sorted((data / "emodb" / emotion).glob(f"{speaker}*.flac"))[-2 * _SPREE :]
                for start in range(0, len(paths) - _SPREE + 1, _SPREE):
                    parts = [at(sound_of(path), CALM_DB + louder_db) for path in paths[start : start + _SPREE]]
                    told.append(alarmed(bundle, calm[speaker], np.concatenate(parts))[1])
            spree[f"{emotion} +{louder_db}"] = {"sprees": len(told), "told": sum(told)}
    say("noises and clips")
    home = calm[speakers[0]]
    steady = [alarmed(bundle, home, noise)[1] for _, noise in noises(10.0, (-50, -30, -15))]
    clips = sorted((data / "clips").glob("grid/*.mpg")) + sorted((data / "clips").glob("talking/*.mp4"))
    talk = [alarmed(bundle, home, at(sound_of(path), CALM_DB + 6))[1] for path in clips]
    return {
        "sprees": spree,
        "noises": {"sounds": len(steady), "told": sum(steady)},
        "talking_clips": {"sounds": len(talk), "told": sum(talk)},
        "calm_talk_h": sum(len(talk) for talk in calm.values()) / SAMPLE_RATE_HZ / 3600,
        "calm_talk_told": sum(alarmed(bundle, calm[speaker], np.zeros(0, np.float32))[0] for speaker in speakers),
        "ms_a_second": 1000 * _cost(home),
    }


def alarmed(bundle: Bundle, before: Float32, sound: Float32) -> tuple[bool, bool]:
    """Whether distress is told during what came before, and during the sound."""
    listener = DistressListener()
    segmenter = SpeechSegmenter(bundle, SpeechConfig(), listener.window)
    told = []
    start_s = 0.0
    for part in (before, np.concatenate([sound, np.zeros(SAMPLE_RATE_HZ, np.float32)])):
        segmenter.step(Audio(start_s, part))
        start_s += len(part) / SAMPLE_RATE_HZ
        told.append(any(one.level is Level.WARNING for heard in listener.take() for one in heard.unusual))
    return told[0], told[1]


def _calm(folder: Path) -> dict[str, Float32]:
    talk: dict[str, list[Float32]] = {}
    for path in sorted(folder.glob("*.flac")):
        talk.setdefault(path.name[:2], []).append(at(sound_of(path), CALM_DB))
    return {speaker: _long(parts) for speaker, parts in talk.items()}


def _long(parts: Iterable[Float32]) -> Float32:
    once = np.concatenate(list(parts))
    return np.tile(once, int(CALM_S * SAMPLE_RATE_HZ / len(once)) + 1)


def _cost(sound: Float32) -> float:
    """Seconds of work a second of uninterrupted talk, the voice activity not counted."""
    listener, windows = DistressListener(), sound[: len(sound) // 512 * 512].reshape(-1, 512)
    for _ in range(2):
        start_s = time.process_time()
        for index, window in enumerate(windows):
            listener.window(index * 512 / SAMPLE_RATE_HZ, window, 1.0)
        spent_s = time.process_time() - start_s
    return spent_s / (len(sound) / SAMPLE_RATE_HZ)
