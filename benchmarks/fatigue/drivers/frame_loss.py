"""Lost frames: at random, or in bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.fatigue.drivers.people import Rng

BURST_S = 0.7
"""Mean length of a burst (assumed)."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How many frames are unusable, and how they lie."""

    share: float
    bursts: bool = False

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.share:.0%}" + (" in bursts" if self.bursts else "")

    def frames(self, rng: Rng, count: int, fps: float) -> npt.NDArray[np.bool_]:
        """Which of `count` frames are lost."""
        if not self.bursts or self.share == 0:
            return rng.random(count) < self.share
        lost = np.zeros(count, np.bool_)
        at_s = 0.0
        while at_s < count / fps:
            at_s += rng.exponential(BURST_S * (1 - self.share) / self.share)
            end_s = at_s + rng.exponential(BURST_S)
            lost[round(at_s * fps) : round(end_s * fps)] = True
            at_s = end_s
        return lost
