"""The person's own open eye, learned from what the camera measures, and openness against it."""

from __future__ import annotations

import statistics

from edge.vision.geometry import OPEN_GAP as OPEN_PRIOR
from edge.vision.geometry import SHUT_GAP as CLOSED

FLOOR_SHARE = 0.7
"""No baseline below this share of `OPEN_PRIOR`: somebody who starts half asleep must not count as wide awake. The
narrowest open eyes of those 14 people are at 0.76."""
CEILING_SHARE = 1.6
"""No baseline above this share of `OPEN_PRIOR`: wider is a wrong contour."""
PROVISIONAL_S = 3.0
"""Usable time after which the person's own eyes count more than the population's."""
SAMPLE_S = 0.1
"""Spacing of the samples kept, so that any frame rate weighs time alike."""


class EyeBaseline:
    """The median of the upper half of the openings seen so far; frozen after `learn_s` of usable time.

    Afterwards it may rise, never fall: each further `learn_s` of usable time that shows wider eyes lifts it.
    """

    def __init__(self, learn_s: float) -> None:
        self._enough = round(learn_s / SAMPLE_S)
        self._samples: list[float] = []
        self._last_s = float("-inf")
        self.open = OPEN_PRIOR
        self.frozen = False

    def observe(self, t_s: float, opening: float) -> None:
        """Learn from one usable frame; `opening` is lid aperture over eye width."""
        if t_s - self._last_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        self._samples.append(opening)
        count = len(self._samples)
        if not self.frozen and count >= PROVISIONAL_S / SAMPLE_S and count % round(1 / SAMPLE_S) == 0:
            self.open = self._estimate()
        if count >= self._enough:
            estimate = self._estimate()
            self.open = max(self.open, estimate) if self.frozen else estimate
            self.frozen = True
            self._samples.clear()

    def openness(self, opening: float) -> float:
        """Return 0 for closed to 1 for the person's own open eye."""
        return min(max((opening - CLOSED) / (self.open - CLOSED), 0.0), 1.0)

    def _estimate(self) -> float:
        upper = sorted(self._samples)[len(self._samples) // 2 :]
        own = statistics.median(upper)
        return min(max(own, FLOOR_SHARE * OPEN_PRIOR), CEILING_SHARE * OPEN_PRIOR)
