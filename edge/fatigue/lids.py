"""Open or closed lids with hysteresis, as spans of time; what was not seen is in no span."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.config.constants import SEEN_GAP_S

GAP_S = SEEN_GAP_S
BRIDGE_S = 0.8
"""Longest unseen time that a closure may span: lids closed before and after are taken for closed all the time. About
half a microsleep, so that one gap never makes up most of it; beyond it nothing is known."""
FALLING = 0.9
FALL_S = 0.1
"""Lids take this long to fall (the closing phase of a blink), however slow the camera: below `FALLING` they are on
their way, above it the fall lies anywhere between two frames, in the middle on the average. A straight line from frame
to frame made closures begin 20 ms late at 8 fps, and 60 ms late with two frames in five lost."""
RISEN = 0.2
LEAST_ABOVE = 0.05
"""Lids that two frames in a row show risen by `RISEN` from their lowest, and by `LEAST_ABOVE` over the closing
threshold, are open again even below the opening one: in 11 h of simulated alert drivers a blink while squinting or
laughing kept counting as closed otherwise, 12 times for 1.5 s."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Openness at one judged frame."""

    t_s: float
    openness: float


@dataclass(frozen=True, slots=True)
class Span:
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


def _crossing_s(before: Measured, after: Measured, threshold: float) -> float:
    """When the straight line between two measurements crosses the threshold."""
    share = (threshold - before.openness) / (after.openness - before.openness)
    return before.t_s + share * (after.t_s - before.t_s)


def _fallen_s(before: Measured, after: Measured, threshold: float) -> float:
    """When lids that fall within `FALL_S` crossed the threshold."""
    crossing_s, passed_s = _crossing_s(before, after, threshold), after.t_s - before.t_s
    if passed_s <= FALL_S:
        return crossing_s
    if before.openness < FALLING:
        return min(crossing_s, before.t_s + (before.openness - threshold) * FALL_S)
    middle_s = (before.t_s + after.t_s) / 2
    return middle_s + (crossing_s - middle_s) * FALL_S / passed_s


class Lids:
    """Turns openness at judged frames into spans. An unjudged frame is simply not passed on."""

    def __init__(self, closed_below: float, open_above: float) -> None:
        self._closed_below = closed_below
        self._open_above = open_above
        self._last: Measured | None = None
        self._closed: bool | None = None
        self._lowest = 1.0
        self._risen = 0

    def step(self, t_s: float, openness: float) -> list[Span]:
        """Return the spans since the frame before: two where the lids crossed the threshold, none after a gap.

        Lids rise along the line between two measurements and fall within `FALL_S` at any frame rate. They are open
        above `open_above`, or when two frames in a row show them far enough risen (`RISEN`, `LEAST_ABOVE`).

        After a gap of up to `BRIDGE_S` that ends with closed lids there is an unseen closed span: all of it where they
        were closed before, else from where they fell. A span that continues the one before starts at the very time at
        which that one ended.
        """
        last, was, this = self._last, self._closed, Measured(t_s, openness)
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
            return [Span(last.t_s, t_s, now, seen, (last.openness + openness) / 2)]
        opens_above = self._open_above if openness > self._open_above else self._reopens_above
        threshold = self._closed_below if now else opens_above
        if not now and last.openness >= threshold:
            return [Span(last.t_s, t_s, now, seen)]
        crossing_s = _fallen_s(last, this, threshold) if now else _crossing_s(last, this, threshold)
        before = Span(last.t_s, crossing_s, was, openness=(last.openness + threshold) / 2)
        crossed = Span(crossing_s, t_s, now, seen, (threshold + openness) / 2)
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
