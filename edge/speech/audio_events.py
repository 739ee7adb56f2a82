"""Crying, screams, laughter, coughs, breaking glass and alarms: which of them this room hears, twice a second.

Nothing is computed while it is as quiet as this room usually is. What it cannot tell: a cat from a baby, a siren on the
road from one on the radio.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32
from edge.speech.sound_classes import PATCH, SoundClassifier

HOP = 7680
"""Samples (.48 s) from one judged piece to the next: half of what is judged, as YAMNet's authors do."""
HOP_S = HOP / SAMPLE_RATE_HZ
_GAP_S = 0.1
"""A step of time beyond this is lost sound; the pieces on both sides of it are not joined."""
_QUIETEST_DB = -65.0
"""RMS below which no sound of the box's is looked for: less than the noise of a cheap microphone."""
_FLOOR_SHARE, _LEAST_PIECES, _MOST_PIECES = 0.2, 125, 600
"""The floor is the level that so much of the last 4.8 minutes stays below; it is not known before a minute."""
_ABOVE_DB = 3.0
"""What is so far above the floor is worth a look. A cry or a siren is 10 dB and more above; 1 to 6 find the same."""


@dataclass(frozen=True, slots=True)
class HeardSound:
    """One judged second that ends at `t_s`: how likely each of the box's sounds is in it, 0..1; empty: too quiet."""

    t_s: float
    scores: Mapping[str, float]


class AudioEvents:
    """Sound in, one `HeardSound` every `HOP` samples out."""

    def __init__(self, bundle: Bundle) -> None:
        self._classifier = SoundClassifier(bundle)
        self._levels: deque[float] = deque(maxlen=_MOST_PIECES)
        self._sound = np.zeros(0, np.float32)
        self._end_s: float | None = None

    def step(self, audio: Audio) -> list[HeardSound]:
        """Take the next sound; return what the seconds that ended in it hold."""
        if self._end_s is not None and abs(audio.t_s - self._end_s) > _GAP_S:
            self._sound = np.zeros(0, np.float32)
        self._end_s = audio.t_s + len(audio.samples) / SAMPLE_RATE_HZ
        self._sound = np.concatenate([self._sound, audio.samples])
        heard = []
        while len(self._sound) >= PATCH:
            left_s = (len(self._sound) - PATCH) / SAMPLE_RATE_HZ
            heard.append(self._judge(self._end_s - left_s, self._sound[:PATCH]))
            self._sound = self._sound[HOP:]
        return heard

    def _judge(self, t_s: float, samples: Float32) -> HeardSound:
        known = len(self._levels) >= _LEAST_PIECES
        floor_db = float(np.quantile(self._levels, _FLOOR_SHARE)) + _ABOVE_DB if known else _QUIETEST_DB
        self._levels.append(_level_db(samples[-HOP:]))
        loud = _level_db(samples) > max(floor_db, _QUIETEST_DB)
        return HeardSound(t_s, self._classifier.scores(samples) if loud else {})


def _level_db(samples: Float32) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return float(10 * np.log10(max(power, 10 ** (_QUIETEST_DB / 10))))
