"""Runs of closed lids: how long the eyes have been shut, and what every finished run was."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.fatigue.glance import AROUND_S, LookDownGuard
from edge.fatigue.lids import Span

SLOW_S = 0.25
"""A shorter closure is an ordinary blink and does not count for PERCLOS (P80 counts slow closures only)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Closed lids as far as seen; not `whole` when the beginning or the end was missed."""

    start_s: float
    end_s: float
    whole: bool

    @property
    def duration_s(self) -> float:
        """Length."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step made certain: the spans that count for PERCLOS, in order, and the run that ended."""

    spans: tuple[Span, ...] = ()
    ended: Run | None = None


class Closures:
    """Follows one person's lids from span to span.

    A run that the look-down guard holds back is neither open nor closed until it has lasted `look_down_s`: a glance
    down is over by then, so lids still shut are shut. One shorter than `SLOW_S` is a blink: no glance is as short.
    """

    def __init__(self, look_down_s: float) -> None:
        self.guard = LookDownGuard()
        self._look_down_s = look_down_s
        self._run: Run | None = None
        self._settled_s = 0.0
        self._open_from_s: float | None = None
        self._last_s: float | None = None

    @property
    def run(self) -> Run | None:
        """The closure that goes on now; None while the eyes are open or may only look down."""
        return None if self._run is None or self._held_back(self._run) else self._run

    @property
    def open_s(self) -> float:
        """How long the eyes have been seen open without a break."""
        return 0.0 if self._open_from_s is None or self._last_s is None else self._last_s - self._open_from_s

    def step(self, span: Span) -> Settled:
        """Take in the next span of lids, after `lapse` where it does not continue the one before."""
        begun = self._open_from_s is not None
        self._last_s = span.end_s
        if not span.closed:
            settled = self._end(whole=True)
            self._open_from_s = span.start_s if self._open_from_s is None else self._open_from_s
            return replace(settled, spans=(*settled.spans, span))
        self._open_from_s = None
        if self._run is None:
            self._run, self._settled_s = Run(span.start_s, span.end_s, begun), span.start_s
            self.guard.lids_went_down(span.start_s)
        else:
            self._run = replace(self._run, end_s=span.end_s)
        decided = self._run.duration_s >= max(SLOW_S, AROUND_S) and not self._held_back(self._run)
        return Settled(self._settle(self._run)) if decided else Settled()

    def lapse(self) -> Settled:
        """The eyes went out of sight: what was known ends where it was last seen."""
        settled = self._end(whole=False)
        self._open_from_s = None
        return settled

    def _end(self, whole: bool) -> Settled:
        run, self._run = self._run, None
        if run is None:
            return Settled()
        held_back = self._held_back(run)
        self.guard.lids_went_up()
        if held_back and run.duration_s >= SLOW_S:
            return Settled()
        run = replace(run, whole=run.whole and whole)
        if run.duration_s >= SLOW_S:
            return Settled(self._settle(run), run)
        return Settled((Span(run.start_s, run.end_s, closed=False),) if run.whole else (), run)

    def _settle(self, run: Run) -> tuple[Span, ...]:
        start_s, self._settled_s = self._settled_s, run.end_s
        return (Span(start_s, run.end_s, closed=True),) if run.end_s > start_s else ()

    def _held_back(self, run: Run) -> bool:
        return self.guard.holds and run.duration_s < self._look_down_s
