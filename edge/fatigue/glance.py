"""Lids that are down may only follow the gaze: what the head and the irises say of it."""

from __future__ import annotations

import statistics
from collections import deque

MOVED_DEG = 5.0
"""A drop of the lids with a simultaneous change of pitch beyond this is not taken for a closure (US 11144756 B2)."""
FAR_DEG = 8.0
"""Shutting lids never shift the mesh's pitch by so much: beyond it the head has moved, whatever the irises say."""
BACK_DEG = 2.5
"""Nearer than this to where it was, the head is back: lids still down do not follow a gaze."""
AROUND_S = 0.3
"""Simultaneous: from this long before the lids went down until as long after. Someone who nods off closes the eyes
first; the neck gives way later."""
_STEADY_S = 0.15
"""The head is where the median of so long a time has it: shutting lids alone shift the mesh's pitch by 2 to 4 degrees,
and in single pictures by up to 5.1, so that 2 of 28 closures of a still head were held back (a drawn driver)."""
_MEMORY_S = 3 * AROUND_S


SEEING, HIDDEN = 0.96, 0.90
"""Mean radius of the iris over the usual one while lids are down: from the first on, the lids follow a gaze; up to the
second, they hide the eye, whatever the head does. Shut eyes of 10 people: 0.81 in the middle, 0.87 for 90 %, 0.92 for
97 %; lowered lids over an eye that sees: 0.98 in the middle."""
GAPING = 0.6
"""Mean openness by the contour alone above which lids are not shut, unless the irises are hidden: 0.03 to 0.21 of nine
real closures of 0.4 s and more; a shut eye behind glasses was read as 0.5 (cab_2.avi)."""


class LookDownGuard:
    """Tells whether the head moved as the lids went down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._from_deg: float | None = None
        self._start_s = 0.0
        self.holds = False
        """Whether the lids that are down now may only follow the gaze."""
        self.moved_far = False
        """Whether the head moved by more than shutting lids can shift the mesh (`FAR_DEG`) since they went down."""

    def observe(self, t_s: float, pitch_deg: float) -> None:
        """Take in one measured head pitch."""
        self._recent.append((t_s, pitch_deg))
        while self._recent[0][0] < t_s - _MEMORY_S:
            self._recent.popleft()
        if self._from_deg is None:
            return
        moved_deg = abs(self._steady_deg(t_s) - self._from_deg)
        self.moved_far |= moved_deg > FAR_DEG
        if t_s <= self._start_s + AROUND_S and moved_deg > MOVED_DEG:
            self.holds = True
        elif moved_deg < BACK_DEG:
            self.holds = False

    def lids_went_down(self, start_s: float) -> None:
        """Judge the movement around `start_s`, when the lids went down."""
        before = [pitch_deg for t_s, pitch_deg in self._recent if t_s <= start_s - AROUND_S]
        self._from_deg, self._start_s = (statistics.median(before) if before else None), start_s
        self.holds = self.moved_far = False
        if self._recent:
            self.observe(*self._recent.pop())

    def lids_went_up(self) -> None:
        """Forget that movement."""
        self._from_deg, self.holds, self.moved_far = None, False, False

    def _steady_deg(self, t_s: float) -> float:
        return statistics.median(pitch_deg for at_s, pitch_deg in self._recent if at_s >= t_s - _STEADY_S)


class Witnesses:
    """What irises and contour say of lids that are down: the means since they went down, None while not known."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float, float]] = deque()
        self._start_s: float | None = None
        self._irises, self._contours, self._count = 0.0, 0.0, 0

    @property
    def see(self) -> bool:
        """Whether the irises show that the lids follow a gaze."""
        return self._count > 0 and self._irises >= SEEING * self._count

    @property
    def hidden(self) -> bool:
        """Whether the irises show that the lids hide the eyes: behind shut lids the model draws them small."""
        return self._count > 0 and self._irises <= HIDDEN * self._count

    @property
    def contradict(self) -> bool:
        """Whether the lids count as down by the net alone: the contour gapes, and the irises are not hidden."""
        return self._count > 0 and self._contours > GAPING * self._count and not self.hidden

    def observe(self, t_s: float, iris: float | None, contour: float) -> None:
        """Take in one picture: radius of the irises over the usual one, openness by the contour alone."""
        if iris is None:
            return
        self._recent.append((t_s, iris, contour))
        while self._recent[0][0] < t_s - _MEMORY_S:
            self._recent.popleft()
        if self._start_s is not None:
            self._add(iris, contour)

    def lids_went_down(self, start_s: float) -> None:
        """Count from `start_s`, when the lids went down."""
        self.lids_went_up()
        self._start_s = start_s
        for t_s, iris, contour in self._recent:
            if t_s > start_s:
                self._add(iris, contour)

    def lids_went_up(self) -> None:
        """Forget that closure."""
        self._start_s, self._irises, self._contours, self._count = None, 0.0, 0.0, 0

    def _add(self, iris: float, contour: float) -> None:
        self._irises += iris
        self._contours += contour
        self._count += 1
