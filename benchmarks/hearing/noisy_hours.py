"""Hours of audio without crying, screams or breaking glass: speech, music, engines and classrooms, mixed here."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.hearing.distress_sounds import at, sound_of
from benchmarks.hearing.noises import noises
from edge.messages import SAMPLE_RATE_HZ, Float32

KINDS = ("talk", "music", "engine", "classroom")
_CHUNK_S = 30
_CHUNK = _CHUNK_S * SAMPLE_RATE_HZ
_VOICES = 5
"""In a classroom, beside the teacher's."""
_ROOM_DB, _TALK_DB, _BABBLE_DB, _ENGINE_DB, _THING_DB = -50.0, -26.0, -36.0, -28.0, -30.0
_STORED_DB = -26.0
"""So that nothing is cut off that is mixed at a lower level."""
_SCALE_HZ = 220.0 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)


@dataclass(slots=True)
class Pool:
    """Real recordings to mix from; each is read once."""

    speech: Sequence[Path]
    things: Sequence[Path]
    _read: dict[Path, Float32] = field(default_factory=dict)

    def draw(self, generator: np.random.Generator, paths: Sequence[Path], level_db: float) -> Float32:
        """One of `paths` at this level, give or take 4 dB."""
        path = paths[generator.integers(len(paths))]
        if path not in self._read:
            self._read[path] = at(sound_of(path), _STORED_DB)
        return self._read[path] * np.float32(10 ** ((level_db - _STORED_DB + generator.normal(0.0, 4.0)) / 20))


def noisy(kind: str, pool: Pool, hours: float, seed: int = 0) -> Iterator[Float32]:
    """Sound of one of `KINDS`, in pieces of 30 s; the same seed gives the same sound."""
    generator = np.random.default_rng((seed, KINDS.index(kind)))
    room = dict(noises(_CHUNK_S, (_ROOM_DB,)))[f"pink {_CHUNK_S:g} s {_ROOM_DB:g} dB"]
    engine = dict(noises(_CHUNK_S, (_ENGINE_DB,)))[f"brown {_CHUNK_S:g} s {_ENGINE_DB:g} dB"]
    for _ in range(round(hours * 3600 / _CHUNK_S)):
        if kind == "talk":
            sound = room + _joined(generator, pool, pool.speech, _TALK_DB, 0.8)
        elif kind == "music":
            sound = room + _music(generator) + _joined(generator, pool, pool.speech, _TALK_DB, 8.0)
        elif kind == "engine":
            turning = 1.0 + 0.3 * np.sin(2 * np.pi * np.arange(_CHUNK) / generator.integers(5, 15) / SAMPLE_RATE_HZ)
            sound = engine * turning + _joined(generator, pool, pool.things, _THING_DB, 6.0)
        else:
            babble = sum(_joined(generator, pool, pool.speech, _BABBLE_DB, 0.5) for _ in range(_VOICES))
            sound = room + babble + _joined(generator, pool, pool.speech, _TALK_DB, 3.0)
        yield np.clip(sound, -1, 1).astype(np.float32)


def _joined(
    generator: np.random.Generator, pool: Pool, paths: Sequence[Path], level_db: float, pause_s: float
) -> Float32:
    """Recordings one after the other with pauses of this mean length."""
    sound, place = np.zeros(_CHUNK, np.float32), 0
    while place < _CHUNK:
        place += int(generator.exponential(pause_s) * SAMPLE_RATE_HZ)
        part = pool.draw(generator, paths, level_db)[: max(_CHUNK - place, 0)]
        sound[place : place + len(part)] += part
        place += len(part)
    return sound


def _music(generator: np.random.Generator) -> Float32:
    """Chords and a tune of decaying tones with overtones: no recording, for none was at hand."""
    sound, beat = np.zeros(_CHUNK), int(SAMPLE_RATE_HZ * generator.uniform(0.25, 0.6))
    for start in range(0, _CHUNK - beat, beat):
        for octave, share in ((1.0, 1.0), (0.5, 0.7), (0.25, 0.7)):
            part = _tone(octave * float(generator.choice(_SCALE_HZ)))[: _CHUNK - start]
            sound[start : start + len(part)] += share * part
    return at(sound.astype(np.float32), _TALK_DB)


@functools.cache
def _tone(hz: float) -> Float32:
    t_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    overtones = sum(np.sin(2 * np.pi * harmonic * hz * t_s) / harmonic**1.5 for harmonic in range(1, 9))
    return (overtones * np.exp(-t_s / 0.4)).astype(np.float32)
