"""Blinks measured on the lid's curve, and the classes of closures."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from edge.config.decision import FatigueConfig
from edge.fatigue.closures import Run
from edge.messages import Blink, Closure, ClosureClass

LONG_S = 0.5
"""From here on a closure is no blink any more (Johns: long blinks exceed 0.5 s)."""
STEP_S = 0.08
"""Coarsest spacing of frames on which a blink of 100 to 150 ms can be measured: at 10 Hz half of them are missed."""
_BEFORE_S = 0.3
_MEMORY_S = LONG_S + 2 * _BEFORE_S


def closure_class(duration_s: float, config: FatigueConfig) -> ClosureClass:
    """Name a closure by its length."""
    if duration_s >= config.sleep_s:
        return "sleep"
    if duration_s >= config.microsleep_s:
        return "microsleep"
    return "long" if duration_s >= LONG_S else "blink"


def closure(t_s: float, run: Run, track: int, config: FatigueConfig) -> Closure | None:
    """Return the message for a run known to be over at `t_s`; None for one cut so short that its class is unknown."""
    if not run.whole and run.duration_s < LONG_S:
        return None
    return Closure(t_s, track, run.start_s, run.end_s, closure_class(run.duration_s, config))


class LidCurve:
    """The last second of openness."""

    def __init__(self) -> None:
        self._curve: deque[tuple[float, float]] = deque()

    def observe(self, t_s: float, openness: float) -> None:
        """Remember one judged frame."""
        self._curve.append((t_s, openness))
        while self._curve[0][0] < t_s - _MEMORY_S:
            self._curve.popleft()

    def blink(self, run: Run, track: int) -> Blink | None:
        """Measure the blink that ended with the newest frame.

        Amplitude is how far the lid fell, opening velocity its mean speed from the lowest point until open again, as
        in the blink features of UTA-RLDD. None for what is no blink, or was not seen often enough to measure it.
        """
        if not run.whole or run.duration_s >= LONG_S:
            return None
        part = [point for point in self._curve if point[0] >= run.start_s - _BEFORE_S]
        before = [openness for t_s, openness in part if t_s <= run.start_s]
        steps = [right[0] - left[0] for left, right in pairwise(part)]
        if not before or max(steps) > STEP_S:
            return None
        low_s, low = min(((t_s, o) for t_s, o in part if t_s > run.start_s), key=lambda point: point[1])
        now_s, now = part[-1]
        return Blink(
            t_s=now_s,
            track=track,
            start_s=run.start_s,
            end_s=run.end_s,
            duration_ms=1000 * run.duration_s,
            amplitude=max(before) - low,
            opening_velocity=(now - low) / (now_s - low_s),
        )
