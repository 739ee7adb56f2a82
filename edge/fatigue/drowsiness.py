"""Drowsiness estimated from how a person blinks, against how the same person blinked when alert.

The measures and the length of a sequence are those of UTA-RLDD (Ghoddoosian, Galib, Athitsos 2019): 30 blinks, each
with frequency, amplitude, duration and opening velocity, standardized by the person's baseline when alert. The estimate
says how the people of that set looked when they called themselves drowsy. It is not a diagnosis and raises no alert
alone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle.bundle import Bundle
from edge.messages import Blink, Float32

ROLE = "drowsiness"
MEASURES = ("frequency", "amplitude", "duration", "opening_velocity")
"""Columns of a sequence of blinks. Units cancel: each is in the person's own alert standard deviations."""
SEQUENCE = 30
"""Blinks in one estimate."""
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
FREQUENCY_WITHIN_S = 600.0
"""Frequency is blinks over the time since the start, of at most ten minutes: the length of the set's videos."""
ALERT_BLINKS = 60
"""Blinks from which the alert state is learned: three to six minutes at the usual 10 to 20 a minute. The set's authors
took the first third of an alert video of ten minutes."""

Floats = npt.NDArray[np.float64]


def features(sequences: Floats) -> Float32:
    """Return (n, 23) features of `sequences` (n, 30, 4), columns as `MEASURES`.

    The inverse hyperbolic sine tames tails of hundreds of standard deviations. Frequency changes slowly within a
    sequence, so only its mean and its change count; of the other measures quantiles, mean and spread.
    """
    tamed = np.arcsinh(sequences)
    frequency, blinks = tamed[:, :, 0], tamed[:, :, 1:]
    quantiles = np.quantile(blinks, QUANTILES, axis=1).transpose(1, 0, 2).reshape(len(tamed), -1)
    slow = np.stack([frequency.mean(axis=1), frequency[:, -1] - frequency[:, 0]], axis=1)
    return np.hstack([slow, quantiles, blinks.mean(axis=1), blinks.std(axis=1)]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate, never a measurement."""

    drowsiness: float
    """0..1: share of trees that hold the blinks for a drowsy person's."""
    kss: float
    """Karolinska sleepiness scale, 1 extremely alert to 9 fighting sleep, as expected from `drowsiness`."""
    kss_sd: float
    """Standard deviation of the truth around `kss`, measured on people the model had not seen."""

    def as_evidence(self) -> Mapping[str, float]:
        """The keys under which a fatigue message carries it."""
        return {"drowsiness_estimate": self.drowsiness, "kss_estimate": self.kss, "kss_sd": self.kss_sd}


class DrowsinessModel:
    """The bundle's model of blinks; shared by all people in the frame."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session(ROLE)
        scale = bundle.role(ROLE).preprocessing["kss"]
        self._drowsiness, self._kss, self._sd = (np.array(scale[key]) for key in ("drowsiness", "mean", "sd"))

    def estimate(self, sequence: Floats) -> Estimate:
        """Judge one standardized sequence (30, 4)."""
        share = float(self._session.run({"features": features(sequence[None])})["probabilities"][0, 1])
        kss = float(np.interp(share, self._drowsiness, self._kss))
        return Estimate(share, kss, float(np.interp(share, self._drowsiness, self._sd)))


class BlinkHistory:
    """The blinks of one person; the baseline of the alert state is known after `ALERT_BLINKS`."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._times_s: deque[float] = deque()
        self._learning: list[tuple[float, ...]] = []
        self._habit: tuple[Floats, Floats] | None = None
        self._recent: deque[tuple[float, ...]] = deque(maxlen=SEQUENCE)

    def add(self, blink: Blink) -> None:
        """Add one blink."""
        self._times_s.append(blink.end_s)
        while self._times_s[0] < blink.end_s - FREQUENCY_WITHIN_S:
            self._times_s.popleft()
        over_s = min(max(blink.end_s - self._start_s, 1.0), FREQUENCY_WITHIN_S)
        row = (len(self._times_s) / over_s, blink.amplitude, blink.duration_ms, blink.opening_velocity)
        if not all(math.isfinite(value) for value in row):
            return
        if self._habit is not None:
            self._recent.append(row)
            return
        self._learning.append(row)
        if len(self._learning) == ALERT_BLINKS:
            rows = np.array(self._learning)
            self._habit = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
            self._learning.clear()

    def sequence(self) -> Floats | None:
        """The last 30 blinks in units of the person's alert baseline (30, 4); None before there are that many."""
        if self._habit is None or len(self._recent) < SEQUENCE:
            return None
        mean, spread = self._habit
        return (np.array(self._recent) - mean) / spread
