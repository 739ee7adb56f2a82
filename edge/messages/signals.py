"""Signals of the sensors: frames, audio, utterances, loudness and speed; they never leave memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.messages.alerts import Anomaly

SAMPLE_RATE_HZ = 16_000
"""The one sample rate inside the appliance; capture resamples to it."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `image` is BGR uint8 of shape (height, width, 3)."""

    t_s: float
    image: npt.NDArray[np.uint8]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Audio:
    """Consecutive mono audio at `SAMPLE_RATE_HZ`, float32 in -1..1; `t_s` is the time of its first sample."""

    t_s: float
    samples: Float32


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance: `start_s` and `end_s` are those of the speech, with pauses under half a second.

    `samples` have up to .26 s more before and after, because first and last consonants are not detected as voice.
    """

    start_s: float
    end_s: float
    samples: Float32


@dataclass(frozen=True, slots=True)
class Sound:
    """How loud the last half second was; `t_s` is its end."""

    t_s: float
    level_db: float
    """RMS in dB below full scale, at least -90."""
    unusual: tuple[Anomaly, ...] = ()
    """Audio events in it, distress or an alarm: each while it lasts, and once when it ends."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The vehicle's speed, as reported at `t_s`."""

    t_s: float
    speed_kmh: float


SPEED = "speed"
"""Name of the vehicle's speed in `Source` messages."""
