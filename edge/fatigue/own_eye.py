"""One eye against the same eye open: what its lids' contour, the eye net and its iris say of it together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.fatigue.baseline import SAMPLE_S, EyeBaseline
from edge.messages import EyeReading

IRIS_PRIOR = 0.21
"""`EyeReading.iris_radius` of open eyes: median of 30 people, from 0.17 to 0.23."""
LEARNED_S = 0.5
"""After so much time what is usual for this eye counts more than what is usual for everybody."""
SURE = 0.7
"""From this openness by the contour alone the eye is open, and shows what is usual for it."""
USUAL_S = 60.0
"""What is usual is taken from so much time with a surely open eye."""
USUAL_SHARE = 0.3
"""The net's usual share is what it exceeds in 70 % of that time: it varies more below than above."""
LEAST_SHARE = 0.2
"""No usual share below: what the net gives shut eyes is at most 0.2 (97th percentile of shut eyes in clips)."""
TRUSTED_SHARE = 0.5
"""While the net gives this much of its usual share, the contour alone counts: it follows half-shut lids better."""
DOUBTED, CERTAIN = 0.56, 0.88
"""Openness by the contour: below, the net counts fully; from here up it does not count. In infra-red-like pictures the
contour leaves shut eyes up to 0.56 open, and no net holds eyes shut that gape."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one eye in one picture."""

    openness: float
    contour: float
    """Openness by the contour alone."""
    weight: float
    iris: float | None
    """Radius of the iris over the usual one; None while that is not known."""


class OwnEye:
    """Learns what one eye of one person shows while it is open."""

    def __init__(self, learn_s: float) -> None:
        self.baseline = EyeBaseline(learn_s)
        self._shares = _Usual(USUAL_SHARE)
        self._radii = _Usual(0.5)

    def look(self, t_s: float, reading: EyeReading) -> Look:
        """Take in one usable reading."""
        self.baseline.observe(t_s, reading.opening)
        contour = self.baseline.openness(reading.opening)
        if contour >= SURE:
            self._shares.observe(t_s, reading.open_share)
            self._radii.observe(t_s, reading.iris_radius)
        iris = None if reading.iris_radius is None else reading.iris_radius / (self._radii.value or IRIS_PRIOR)
        return Look(self._openness(contour, reading.open_share), contour, reading.weight, iris)

    def _openness(self, contour: float, share: float | None) -> float:
        if share is None:
            return contour
        usual = 1.0 if self._shares.value is None else max(self._shares.value, LEAST_SHARE)
        trust = min(1.0, share / usual / TRUSTED_SHARE)
        alone = min(max((contour - DOUBTED) / (CERTAIN - DOUBTED), 0.0), 1.0)
        return contour * (trust + (1.0 - trust) * alone)


class _Usual:
    """A quantile of the last `USUAL_S` of samples; None before `LEARNED_S` of them."""

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile
        self._samples: deque[float] = deque(maxlen=round(USUAL_S / SAMPLE_S))
        self._last_s = float("-inf")
        self._fresh = 0
        self.value: float | None = None

    def observe(self, t_s: float, value: float | None) -> None:
        if value is None or t_s - self._last_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        self._samples.append(value)
        self._fresh += 1
        if self._fresh >= 1 / SAMPLE_S and len(self._samples) >= LEARNED_S / SAMPLE_S:
            self._fresh = 0
            self.value = sorted(self._samples)[int(self._quantile * (len(self._samples) - 1))]
