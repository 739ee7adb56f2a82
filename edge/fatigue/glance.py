"""The look-down guard: lids that drop together with the head may only follow the gaze."""

from __future__ import annotations

import statistics
from collections import deque

MOVED_DEG = 5.0
"""A drop of the lids with a simultaneous change of pitch beyond this is not taken for a closure (US 11144756 B2)."""
BACK_DEG = 2.5
"""Nearer than this to where it was, the head is back: lids still down do not follow a gaze."""
AROUND_S = 0.3
"""Simultaneous: from this long before the lids went down until as long after. Someone who nods off closes the eyes
first; the neck gives way later."""
_STEADY_S = 0.15
"""The head is where the median of so long a time has it: shutting lids alone shift the mesh's pitch by 2 to 4 degrees,
and in single pictures by up to 5.1, so that 2 of 28 closures of a still head were held back (a drawn driver)."""
_MEMORY_S = 3 * AROUND_S


class LookDownGuard:
    """Tells whether the head moved as the lids went down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._from_deg: float | None = None
        self._start_s = 0.0
        self.holds = False
        """Whether the lids that are down now may only follow the gaze."""

    def observe(self, t_s: float, pitch_deg: float) -> None:
        """Take in one measured head pitch."""
        self._recent.append((t_s, pitch_deg))
        while self._recent[0][0] < t_s - _MEMORY_S:
            self._recent.popleft()
        if self._from_deg is None:
            return
        moved_deg = abs(self._steady_deg(t_s) - self._from_deg)
        if t_s <= self._start_s + AROUND_S and moved_deg > MOVED_DEG:
            self.holds = True
        elif moved_deg < BACK_DEG:
            self.holds = False

    def lids_went_down(self, start_s: float) -> None:
        """Judge the movement around `start_s`, when the lids went down."""
        before = [pitch_deg for t_s, pitch_deg in self._recent if t_s <= start_s - AROUND_S]
        self._from_deg, self._start_s = (statistics.median(before) if before else None), start_s
        self.holds = False
        if self._recent:
            self.observe(*self._recent.pop())

    def lids_went_up(self) -> None:
        """Forget that movement."""
        self._from_deg, self.holds = None, False

    def _steady_deg(self, t_s: float) -> float:
        return statistics.median(pitch_deg for at_s, pitch_deg in self._recent if at_s >= t_s - _STEADY_S)
