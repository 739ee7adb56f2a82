"""Straight ahead: the yaw and pitch to the camera of somebody who watches the road; learned, kept, and followed.

It belongs to how the camera is mounted more than to the person, so the next face begins with the last one's.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.fatigue.lids import BRIDGE_S

SAMPLE_S = 0.1
"""Least spacing of the samples from which straight ahead is learned."""
YAW_WITHIN_DEG = (-45.0, 45.0)
PITCH_WITHIN_DEG = (-30.0, 10.0)
"""No straight ahead outside these, however long somebody looks there: a camera stands beside the road's line or below
the face, but a head bent down by more reads a telephone."""
ADAPT_S = 360.0
"""Time constant of later changes (openpilot keeps six minutes of samples)."""
STEADY_DEG = 6.0
"""Samples whose median distance from their median is less are of one direction; people who drive have 1 to 3."""
MOVED_S = 60.0
"""Nobody drives for a minute while looking elsewhere: the camera was moved, or another driver sits otherwise."""
_MOVED_SHARE = 0.8
_LEAST_HZ = 4.0
"""Samples a second below which a minute says nothing."""
_LOOK_S = 1.0

Angles = tuple[float, float]
"""Yaw and pitch in degrees."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Straight ahead of head and gaze, in degrees to the camera's axis; None where it is not learned."""

    head: Angles | None = None
    gaze: Angles | None = None


class StraightAhead:
    """One direction, of head or gaze: a median at first, then slowly followed."""

    def __init__(self, learn_s: float, known: Angles | None = None) -> None:
        """`known` is what this camera's last driver had; the median of this one replaces it."""
        self._learn_s = learn_s
        self._samples: list[Angles] = []
        self._own = False
        self._seen_s = 0.0
        self._last_s = float("-inf")
        self._recent: deque[tuple[float, Angles, bool]] = deque()
        self._looked_s = float("-inf")
        self.learned = known
        """Yaw and pitch to the camera in degrees; None before enough was seen."""
        self.steady = known is not None
        """Whether it is learned from samples of one direction; a gaze measured from far aside jumps about."""

    def observe(self, t_s: float, angles: Angles, away: bool) -> None:
        """Take in one frame of somebody who drives with open eyes; looks away teach only that the camera was moved."""
        passed_s = t_s - self._last_s
        if passed_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        passed_s = passed_s if passed_s <= BRIDGE_S else 0.0
        self._recent.append((t_s, angles, away))
        while self._recent[0][0] < t_s - MOVED_S:
            self._recent.popleft()
        if away:
            self._look_whether_moved(t_s)
        elif not self._own:
            self._seen_s += passed_s
            self._samples.append(angles)
            self._learn()
        elif self.learned is not None:
            share = passed_s / ADAPT_S
            self.learned = _clamped(
                tuple(old + share * (new - old) for old, new in zip(self.learned, angles, strict=True))
            )

    def turned(self, angles: Angles) -> Angles:
        """Yaw and pitch from straight ahead, or from the camera's axis while that is not learned."""
        yaw, pitch = self.learned or (0.0, 0.0)
        return angles[0] - yaw, angles[1] - pitch

    def _learn(self) -> None:
        """After `learn_s`; where the samples wander after twice that, and again until they do not."""
        if self._seen_s < self._learn_s - 1e-6:
            return
        middle, spread_deg = _middle(self._samples)
        if spread_deg <= STEADY_DEG or self._seen_s >= 2 * self._learn_s:
            self.learned, self.steady = _clamped(middle), spread_deg <= STEADY_DEG
            self._own, self._seen_s = self.steady, 0.0
            self._samples.clear()

    def _look_whether_moved(self, t_s: float) -> None:
        if t_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = t_s
        elsewhere = [angles for _, angles, away in self._recent if away]
        seldom = len(self._recent) < _LEAST_HZ * MOVED_S or t_s - self._recent[0][0] < MOVED_S - _LOOK_S
        if seldom or len(elsewhere) < _MOVED_SHARE * len(self._recent):
            return
        middle, spread_deg = _middle(elsewhere)
        if spread_deg <= STEADY_DEG and _clamped(middle) == middle:
            self.learned = middle
            self._recent.clear()


def _middle(samples: Iterable[Angles]) -> tuple[Angles, float]:
    """The median, and the median distance from it in degrees, across and down together."""
    yaws, pitches = (list(angles) for angles in zip(*samples, strict=True))
    yaw, pitch = statistics.median(yaws), statistics.median(pitches)
    spread = [max(abs(y - yaw), abs(p - pitch)) for y, p in zip(yaws, pitches, strict=True)]
    return (yaw, pitch), statistics.median(spread)


def _clamped(angles: Iterable[float]) -> Angles:
    yaw, pitch = angles
    return (
        min(max(yaw, YAW_WITHIN_DEG[0]), YAW_WITHIN_DEG[1]),
        min(max(pitch, PITCH_WITHIN_DEG[0]), PITCH_WITHIN_DEG[1]),
    )
