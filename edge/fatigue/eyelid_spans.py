"""Eyelids over time: spans of open and closed eyes (with hysteresis), closures and their classes, blinks.

Time in which the lids were not seen is in no span.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import pairwise

from edge.config.constants import SEEN_GAP_S
from edge.config.decision import FatigueConfig
from edge.messages import Blink, Closure, ClosureClass

GAP_S = SEEN_GAP_S
BRIDGE_S = 0.8
"""Longest unseen time that a closure may span: lids closed before and after count as closed all the time. About half a
microsleep, so that one gap is never most of it. After a longer gap the lids are unknown."""
FALLING = 0.9
FALL_S = 0.1
"""Lids take this long to fall (the closing phase of a blink), at any frame rate. Below `FALLING` they are falling
already; above it the fall lies anywhere between two frames, on average in the middle. A straight line from frame to
frame made closures begin 20 ms late at 8 fps, and 60 ms late with two frames in five lost."""
RISEN = 0.2
LEAST_ABOVE = 0.05
"""Lids are open again, even below the opening threshold, if two frames in a row show them `RISEN` above their lowest
and `LEAST_ABOVE` above the closing threshold. Without this rule, in 11 h of simulated alert drivers, a blink while
squinting or laughing stayed a closure, 12 times for 1.5 s."""
SLOW_S = 0.25
"""Shorter closures are ordinary blinks and do not count for PERCLOS (P80 counts slow closures only)."""
LEAST_SEEN = 0.4
"""Least share of a closure that was seen, the rest being gaps between closed lids: ordinary blinks of 0.2 s at both
ends of the longest gap make a third."""
HALF_SHUT = 0.25
"""Lids that stay closed with an openness above this may belong to a squint or a laugh: neither open nor closed
while they blink. Shut lids are at 0.27 at most with the narrowest eyes and the widest shut contour measured, below 0.15
as a rule; P80 asks for 0.2."""
LONG_S = 0.5
"""Closures of this length or longer are not blinks (Johns: long blinks exceed 0.5 s)."""
STEP_S = 0.08
"""Coarsest spacing of frames on which a blink of 100 to 150 ms can be measured: at 10 Hz half of them are missed."""
_BEFORE_S = 0.3
_MEMORY_S = LONG_S + 2 * _BEFORE_S


@dataclass(frozen=True, slots=True)
class OpennessSample:
    """Openness at one judged frame."""

    t_s: float
    openness: float


@dataclass(frozen=True, slots=True)
class LidSpan:
    """Lids that were in one state from `start_s` to `end_s`; inferred from both ends where it was not `seen`."""

    start_s: float
    end_s: float
    closed: bool
    seen: bool = True
    openness: float = field(default=0.0, compare=False)
    """Mean of the measurements at both ends; counts for closed lids only."""

    @property
    def duration_s(self) -> float:
        """Length."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class LidClosure:
    """Closed lids; not `whole` if the start or the end was missed; `unseen_s` of the time is bridged."""

    start_s: float
    end_s: float
    whole: bool
    unseen_s: float = 0.0
    area_s: float = 0.0
    """Openness added up over time."""
    half_s: float = 0.0
    """Time with lids that were only half down (`HALF_SHUT`)."""
    fallen_s: float = 0.0
    """Time at the end in which a fallen head hides lids that were shut before."""

    @property
    def duration_s(self) -> float:
        """Length."""
        return self.end_s - self.start_s

    @property
    def openness(self) -> float:
        """Mean openness, without the time in which a fallen head hides the lids."""
        shown_s = self.duration_s - self.fallen_s
        return self.area_s / shown_s if shown_s > 0 else 0.0

    @property
    def known(self) -> bool:
        """Whether enough of it was seen."""
        shown_s = self.duration_s - self.fallen_s
        return shown_s - self.unseen_s >= LEAST_SEEN * shown_s

    @property
    def half_shut(self) -> bool:
        """Whether the lids were only half down, on average or most of the time, and for longer than a blink.

        Most of the time: a blink within a laugh lowers the mean of its lids, but not for long.
        """
        mostly = 2 * self.half_s > self.duration_s - self.fallen_s
        return self.duration_s >= SLOW_S and (mostly or self.openness > HALF_SHUT)

    def longer(self, span: LidSpan) -> LidClosure:
        """The closure with one more span at its end."""
        area_s = self.area_s + span.openness * span.duration_s
        unseen_s = self.unseen_s if span.seen else self.unseen_s + span.duration_s
        half_s = self.half_s + span.duration_s if span.openness > HALF_SHUT else self.half_s
        return replace(self, end_s=span.end_s, area_s=area_s, unseen_s=unseen_s, half_s=half_s)


def _crossing_s(before: OpennessSample, after: OpennessSample, threshold: float) -> float:
    """When the straight line between two measurements crosses the threshold."""
    share = (threshold - before.openness) / (after.openness - before.openness)
    return before.t_s + share * (after.t_s - before.t_s)


def _fallen_s(before: OpennessSample, after: OpennessSample, threshold: float) -> float:
    """When lids that fall within `FALL_S` crossed the threshold."""
    crossing_s, passed_s = _crossing_s(before, after, threshold), after.t_s - before.t_s
    if passed_s <= FALL_S:
        return crossing_s
    if before.openness < FALLING:
        return min(crossing_s, before.t_s + (before.openness - threshold) * FALL_S)
    middle_s = (before.t_s + after.t_s) / 2
    return middle_s + (crossing_s - middle_s) * FALL_S / passed_s


class Lids:
    """Turns openness at judged frames into spans. Frames that are not judged are not passed to it."""

    def __init__(self, closed_below: float, open_above: float) -> None:
        self._closed_below = closed_below
        self._open_above = open_above
        self._last: OpennessSample | None = None
        self._closed: bool | None = None
        self._lowest = 1.0
        self._risen = 0

    @property
    def open(self) -> bool:
        """Whether the newest frame shows open eyes."""
        return self._closed is False

    def step(self, t_s: float, openness: float) -> list[LidSpan]:
        """Return the spans since the frame before: two where the lids crossed the threshold, none after a gap.

        Lids rise along the line between two measurements and fall within `FALL_S` at any frame rate. They are open
        above `open_above`, or when two frames in a row show them far enough risen (`RISEN`, `LEAST_ABOVE`).

        After a gap of up to `BRIDGE_S` that ends with closed lids there is an unseen closed span: the whole gap if they
        were closed before, otherwise from where they fell. A span that continues the one before starts exactly at the
        end of that one.
        """
        last, was, this = self._last, self._closed, OpennessSample(t_s, openness)
        if last is not None and t_s <= last.t_s:
            return []
        seen = last is not None and t_s - last.t_s <= GAP_S
        now = self._judge(openness, was if seen else None)
        self._last, self._closed = this, now
        if last is None or was is None or now is None or t_s - last.t_s > BRIDGE_S:
            return []
        if not seen and not now:
            return []
        if was == now:
            return [LidSpan(last.t_s, t_s, now, seen, (last.openness + openness) / 2)]
        opens_above = self._open_above if openness > self._open_above else self._reopens_above
        threshold = self._closed_below if now else opens_above
        if not now and last.openness >= threshold:
            return [LidSpan(last.t_s, t_s, now, seen)]
        crossing_s = _fallen_s(last, this, threshold) if now else _crossing_s(last, this, threshold)
        before = LidSpan(last.t_s, crossing_s, was, openness=(last.openness + threshold) / 2)
        crossed = LidSpan(crossing_s, t_s, now, seen, (threshold + openness) / 2)
        return [before, crossed] if seen else [crossed]

    @property
    def _reopens_above(self) -> float:
        return min(self._open_above, max(self._closed_below + LEAST_ABOVE, self._lowest + RISEN))

    def _judge(self, openness: float, was: bool | None) -> bool | None:
        if openness < self._closed_below:
            self._lowest = min(self._lowest, openness) if was else openness
            self._risen = 0
            return True
        if openness > self._open_above:
            return False
        self._risen = self._risen + 1 if openness > self._reopens_above else 0
        return False if was and self._risen >= 2 else was


def closure_class(duration_s: float, config: FatigueConfig) -> ClosureClass:
    """Name a closure by its length."""
    if duration_s >= config.sleep_s:
        return "sleep"
    if duration_s >= config.microsleep_s:
        return "microsleep"
    return "long" if duration_s >= LONG_S else "blink"


def closure_message(t_s: float, run: LidClosure, track: int, config: FatigueConfig) -> Closure | None:
    """Return the message of a closure that is over at `t_s`; None if it was cut so short that its class is unknown."""
    if not run.whole and run.duration_s < LONG_S:
        return None
    return Closure(t_s, track, run.start_s, run.end_s, closure_class(run.duration_s, config))


class LidCurve:
    """The last second of openness."""

    def __init__(self) -> None:
        self._curve: deque[tuple[float, float]] = deque()

    def observe(self, t_s: float, openness: float) -> None:
        """Add one judged frame."""
        self._curve.append((t_s, openness))
        while self._curve[0][0] < t_s - _MEMORY_S:
            self._curve.popleft()

    def blink(self, run: LidClosure, track: int) -> Blink | None:
        """Measure the blink that ended with the newest frame.

        Amplitude is how far the lid fell, opening velocity its mean speed from the lowest point until open again, as
        in the blink features of UTA-RLDD. None if it is not a blink, or was not seen often enough to be measured.
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
