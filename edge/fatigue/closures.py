"""Closures: how long the eyes are closed, and whether lowered eyelids only follow the gaze.

The look-down guard (head pitch) and the iris check distinguish a glance down from a closure.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, replace

from edge.fatigue.eyelid_spans import BRIDGE_S, GAP_S, HALF_SHUT, SLOW_S, LidClosure, LidSpan

MOVED_DEG = 5.0
"""Lids that drop while the pitch changes by more than this are not a closure (US 11144756 B2)."""
FAR_DEG = 8.0
"""Shutting lids shift the pitch of the mesh by less than this. A head that bends down further has moved, whatever the
irises show; no gaze goes down while the head goes up."""
BACK_DEG = 2.5
"""Nearer than this to its first position, the head is back: lids that are still down do not follow a gaze."""
AROUND_S = 0.3
"""Simultaneous means: from this long before the lids went down until this long after. A person who nods off closes the
eyes first; the neck gives way later."""
_STEADY_S = 0.15
"""The position of the head is the median over this time. Shutting lids alone shift the pitch of the mesh by 2 to 4
degrees, and in single frames by up to 5.1: so 2 of 28 closures of a still head were held back (a drawn driver)."""
_MEMORY_S = 3 * AROUND_S

SEEING, HIDDEN = 0.96, 0.90
"""Radius of the iris over the usual one while lids are down: from the first on, the lids follow a gaze; up to the
second, they hide the eye, whatever the head does. Shut eyes of 10 people: 0.81 in the middle, 0.87 for 90 %, 0.92 for
97 %; lowered lids over an eye that sees: 0.98 in the middle."""
_NEWEST = 180
"""Newest frames that count: six seconds at 30 frames a second, the longest that irises hold a closure back."""
GAPING = 0.6
"""Lids with a mean openness by the contour alone above this are not shut, unless the irises are hidden. Nine real
closures of 0.4 s and more had 0.03 to 0.21; a shut eye behind glasses was read as 0.5 (cab_2.avi)."""
STIR = 0.12
"""Half-shut lids that fall this far below their mean blink: four times the noise of the openness in a good frame."""


class LookDownGuard:
    """Detects whether the head moved when the lids went down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._from_deg: float | None = None
        self._start_s = 0.0
        self.holds = False
        """Whether the lids that are down now may only follow the gaze."""
        self.moved_far = False
        """Whether the head bent down by more than shutting lids can shift the mesh (`FAR_DEG`) since they went down."""

    def observe(self, t_s: float, pitch_deg: float) -> None:
        """Add one measured head pitch."""
        self._recent.append((t_s, pitch_deg))
        while self._recent[0][0] < t_s - _MEMORY_S:
            self._recent.popleft()
        if self._from_deg is None:
            return
        down_deg = self._steady_deg(t_s) - self._from_deg
        self.moved_far |= down_deg > FAR_DEG
        if t_s <= self._start_s + AROUND_S and abs(down_deg) > MOVED_DEG:
            self.holds = True
        elif abs(down_deg) < BACK_DEG:
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


class IrisCheck:
    """Iris radius and contour openness since the lids went down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float | None, float]] = deque()
        self._start_s: float | None = None
        self._radii: deque[float] = deque(maxlen=_NEWEST)
        self._contours: deque[float] = deque(maxlen=_NEWEST)

    @property
    def see(self) -> bool:
        """Whether the irises show that the lids follow a gaze, by mean or median: a blink hides them for a moment."""
        return bool(self._radii) and max(statistics.fmean(self._radii), statistics.median(self._radii)) >= SEEING

    @property
    def hidden(self) -> bool:
        """Whether the irises show that the lids hide the eyes: the model draws irises behind shut lids small."""
        return bool(self._radii) and statistics.fmean(self._radii) <= HIDDEN

    @property
    def contradict(self) -> bool:
        """Whether the lids are down by the eye net alone: the contour is wide open, and the irises are not hidden."""
        return bool(self._contours) and statistics.fmean(self._contours) > GAPING and not self.hidden

    def observe(self, t_s: float, iris: float | None, contour: float) -> None:
        """Add one frame: radius of the irises over the usual one, None where unknown; openness by the contour alone."""
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
        self._start_s = None
        self._radii.clear()
        self._contours.clear()

    def _add(self, iris: float | None, contour: float) -> None:
        self._contours.append(contour)
        if iris is not None:
            self._radii.append(iris)


@dataclass(frozen=True, slots=True)
class ClosureUpdate:
    """What a step made certain: the spans that count for PERCLOS, in order, and the closure that ended."""

    spans: tuple[LidSpan, ...] = ()
    ended: LidClosure | None = None


class ClosureTracker:
    """Follows one person's lids from span to span.

    A closure in which the lids may only follow the gaze is neither open nor closed: judged by the head, until it has
    lasted `look_down_s`, when a glance down is over; judged by the irises, until `unresponsive_s`. Closures shorter
    than `SLOW_S` are blinks: glances are longer. Lids that are only half shut (`HALF_SHUT`) may belong to a squint or a
    laugh. They count as closed after `unresponsive_s` without a blink, if their mean openness is below `closed_below`.
    Lids that contour and irises show open never count.
    """

    def __init__(self, look_down_s: float, unresponsive_s: float, closed_below: float) -> None:
        self.guard = LookDownGuard()
        self.iris_check = IrisCheck()
        self._look_down_s = look_down_s
        self._unresponsive_s = unresponsive_s
        self._closed_below = closed_below
        self._stirred_s = 0.0
        self._run: LidClosure | None = None
        self._unsettled: list[LidSpan] = []
        self._open_from_s: float | None = None
        self._last_s: float | None = None

    @property
    def run(self) -> LidClosure | None:
        """The current closure, if it counts; None while the eyes are open or too little was seen.

        Also None while the eyes may only look down (for `look_down_s` at most), and while half-shut lids do not count
        as closed yet.
        """
        run = self._run
        return None if run is None or self._held_back(run) or not run.known else run

    @property
    def down(self) -> bool:
        """Whether the lids are down now, for any reason."""
        return self._run is not None

    @property
    def looks_down(self) -> bool:
        """Whether the lids have been down for `SLOW_S` and may only follow the gaze."""
        run = self._run
        return run is not None and run.duration_s >= SLOW_S and self._looks_down(run)

    @property
    def contradicted_s(self) -> float:
        """How long the lids have been down by the eye net alone, against contour and irises."""
        return self._run.duration_s if self._run is not None and self.iris_check.contradict else 0.0

    @property
    def fallen_s(self) -> float:
        """How long a fallen head has hidden the lids of the current closure."""
        return 0.0 if self._run is None else self._run.fallen_s

    @property
    def open_s(self) -> float:
        """How long the eyes have been seen open without a break."""
        return 0.0 if self._open_from_s is None or self._last_s is None else self._last_s - self._open_from_s

    def step(self, span: LidSpan) -> ClosureUpdate:
        """Add the next span of lids; a span that does not continue the last one ends the closure of that one."""
        lapsed = ClosureUpdate() if self._continues(span) else self.lapse()
        begun = self._open_from_s is not None and span.seen
        self._last_s = span.end_s
        if not span.closed:
            settled = self._end(whole=True)
            self._open_from_s = span.start_s if self._open_from_s is None else self._open_from_s
            spans = (*lapsed.spans, *settled.spans, span)
            return ClosureUpdate(spans, lapsed.ended or settled.ended)
        self._open_from_s = None
        if self._run is None:
            self._run = LidClosure(span.start_s, span.end_s, begun)
            self._stirred_s = span.start_s
            self.guard.lids_went_down(span.start_s)
            self.iris_check.lids_went_down(span.start_s)
        elif span.openness < self._run.openness - STIR:
            self._stirred_s = span.end_s
        self._run = self._run.longer(span)
        if span.seen:
            self._unsettled.append(span)
        return replace(lapsed, spans=(*lapsed.spans, *self._settle(self._run, max(SLOW_S, AROUND_S))))

    def _continues(self, span: LidSpan) -> bool:
        """Whether a span continues the current closure, or shows lids that are still shut after a fall of the head."""
        run = self._run
        if run is None or span.start_s <= run.end_s:
            return True
        return span.closed and run.fallen_s > 0 and span.start_s - run.end_s <= GAP_S

    def fall(self, t_s: float) -> None:
        """A fallen head hides the lids at `t_s`: lids that were shut for longer than a blink count as still shut."""
        run = self._run
        if run is None or not run.known or self.iris_check.see:
            return
        if run.duration_s >= SLOW_S and run.openness <= HALF_SHUT:
            self._run = replace(run, end_s=t_s, fallen_s=run.fallen_s + t_s - run.end_s)
            self._last_s = t_s

    def unseen(self, for_s: float) -> ClosureUpdate:
        """The eyes have been out of sight for `for_s`: whether open eyes are still open is unknown."""
        if for_s > BRIDGE_S:
            return self.lapse()
        if for_s > GAP_S:
            self._open_from_s = None
        return ClosureUpdate()

    def lapse(self) -> ClosureUpdate:
        """The eyes were out of sight for too long, or open afterwards: the closure ends where it was last seen."""
        settled = self._end(whole=False)
        self._open_from_s = None
        return settled

    def _end(self, whole: bool) -> ClosureUpdate:
        run, self._run = self._run, None
        if run is None:
            return ClosureUpdate()
        held_back = self._held_back(run)
        self.guard.lids_went_up()
        self.iris_check.lids_went_up()
        spans = self._settle(run, SLOW_S, held_back)
        self._unsettled.clear()
        if not run.known or (held_back and run.duration_s >= SLOW_S):
            return ClosureUpdate(spans)
        run = replace(run, whole=run.whole and whole)
        if run.duration_s < SLOW_S and run.whole:
            spans = (LidSpan(run.start_s, run.end_s, closed=False),)
        return ClosureUpdate(spans, run)

    def _settle(self, run: LidClosure, from_s: float, held_back: bool | None = None) -> tuple[LidSpan, ...]:
        """The seen parts of a closure that is long enough and not a look down, each once."""
        held_back = self._held_back(run) if held_back is None else held_back
        if run.duration_s < from_s or held_back or not run.known:
            return ()
        spans = tuple(self._unsettled)
        self._unsettled.clear()
        return spans

    def _looks_down(self, run: LidClosure) -> bool:
        """Whether the lids may follow a gaze: by the irises where they are clear, else by the head."""
        if self.iris_check.see:
            return run.duration_s < self._unresponsive_s
        moved = self.guard.holds and (self.guard.moved_far or not self.iris_check.hidden)
        return moved and run.duration_s < self._look_down_s

    def _held_back(self, run: LidClosure) -> bool:
        stirs = run.end_s - self._stirred_s < self._unresponsive_s
        squints = run.half_shut and not self.iris_check.hidden and (stirs or run.openness >= self._closed_below)
        return squints or self.iris_check.contradict or self._looks_down(run)
