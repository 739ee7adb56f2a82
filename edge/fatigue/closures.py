"""Runs of closed lids: how long the eyes have been shut, and what every finished run was."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.fatigue.glance import AROUND_S, LookDownGuard, Witnesses
from edge.fatigue.lids import BRIDGE_S, GAP_S, Span

SLOW_S = 0.25
"""A shorter closure is an ordinary blink and does not count for PERCLOS (P80 counts slow closures only)."""
LEAST_SEEN = 0.4
"""Least share of a closure that was seen, the rest being gaps between closed lids: ordinary blinks of 0.2 s at both
ends of the longest gap make a third."""
HALF_SHUT = 0.25
"""Lids that stay closed with a mean openness above this may only squint or laugh: neither open nor closed while they
blink. Shut lids are at 0.27 at most with the narrowest eyes and the widest shut contour measured, below 0.15 as a rule;
P80 asks for 0.2."""
STIR = 0.12
"""Half-shut lids that fall this far below their mean blink: four times the noise of a good picture's openness."""


@dataclass(frozen=True, slots=True)
class Run:
    """Closed lids; not `whole` when the beginning or the end was missed, `unseen_s` of it bridged."""

    start_s: float
    end_s: float
    whole: bool
    unseen_s: float = 0.0
    area_s: float = 0.0
    """Openness added up over time."""
    fallen_s: float = 0.0
    """Time at its end in which a fallen head hides lids that were shut before."""

    @property
    def duration_s(self) -> float:
        """Length."""
        return self.end_s - self.start_s

    @property
    def openness(self) -> float:
        """Mean over its length, as far as a fallen head does not hide it."""
        shown_s = self.duration_s - self.fallen_s
        return self.area_s / shown_s if shown_s > 0 else 0.0

    @property
    def known(self) -> bool:
        """Whether enough of it was seen to believe in it."""
        shown_s = self.duration_s - self.fallen_s
        return shown_s - self.unseen_s >= LEAST_SEEN * shown_s

    @property
    def half_shut(self) -> bool:
        """Whether the lids were not far down, and not for a blink only."""
        return self.duration_s >= SLOW_S and self.openness > HALF_SHUT


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step made certain: the spans that count for PERCLOS, in order, and the run that ended."""

    spans: tuple[Span, ...] = ()
    ended: Run | None = None


class Closures:
    """Follows one person's lids from span to span.

    A run in which the lids may only follow the gaze is neither open nor closed: by the head until it has lasted
    `look_down_s`, when a glance down is over; by the irises until `unresponsive_s`. One shorter than `SLOW_S` is a
    blink: no glance is as short.
    Lids that are only half shut (`HALF_SHUT`) may squint or laugh; they count as closed from `unresponsive_s` without
    a blink on, if they are below `closed_below` on the average. Lids that contour and irises show open never count.
    """

    def __init__(self, look_down_s: float, unresponsive_s: float, closed_below: float) -> None:
        self.guard = LookDownGuard()
        self.witnesses = Witnesses()
        self._look_down_s = look_down_s
        self._unresponsive_s = unresponsive_s
        self._closed_below = closed_below
        self._stirred_s = 0.0
        self._run: Run | None = None
        self._unsettled: list[Span] = []
        self._open_from_s: float | None = None
        self._last_s: float | None = None

    @property
    def run(self) -> Run | None:
        """The closure that goes on now, as far as it counts; None while the eyes are open or too little was seen.

        None too while the eyes may only look down (for `look_down_s` at most) and while the lids are half shut but do
        not count as closed yet.
        """
        run = self._run
        return None if run is None or self._held_back(run) or not run.known else run

    @property
    def down(self) -> bool:
        """Whether the lids are down now, whatever that means."""
        return self._run is not None

    @property
    def looks_down(self) -> bool:
        """Whether the lids that are down now may only follow the gaze, and for `SLOW_S` have."""
        run = self._run
        return run is not None and run.duration_s >= SLOW_S and self._looks_down(run)

    @property
    def contradicted_s(self) -> float:
        """How long the lids have been down by the eye net alone, against contour and irises."""
        return self._run.duration_s if self._run is not None and self.witnesses.contradict else 0.0

    @property
    def fallen_s(self) -> float:
        """How long a fallen head has hidden the lids of the closure that goes on."""
        return 0.0 if self._run is None else self._run.fallen_s

    @property
    def open_s(self) -> float:
        """How long the eyes have been seen open without a break."""
        return 0.0 if self._open_from_s is None or self._last_s is None else self._last_s - self._open_from_s

    def step(self, span: Span) -> Settled:
        """Take in the next span of lids; one that does not continue the one before ends what that one was part of."""
        lapsed = Settled() if self._continues(span) else self.lapse()
        begun = self._open_from_s is not None and span.seen
        self._last_s = span.end_s
        if not span.closed:
            settled = self._end(whole=True)
            self._open_from_s = span.start_s if self._open_from_s is None else self._open_from_s
            spans = (*lapsed.spans, *settled.spans, span)
            return Settled(spans, lapsed.ended or settled.ended)
        self._open_from_s = None
        if self._run is None:
            self._run = Run(span.start_s, span.end_s, begun)
            self._stirred_s = span.start_s
            self.guard.lids_went_down(span.start_s)
            self.witnesses.lids_went_down(span.start_s)
        else:
            if span.openness < self._run.openness - STIR:
                self._stirred_s = span.end_s
            self._run = replace(self._run, end_s=span.end_s)
        self._run = replace(self._run, area_s=self._run.area_s + span.openness * span.duration_s)
        if span.seen:
            self._unsettled.append(span)
        else:
            self._run = replace(self._run, unseen_s=self._run.unseen_s + span.duration_s)
        return replace(lapsed, spans=(*lapsed.spans, *self._settle(self._run, max(SLOW_S, AROUND_S))))

    def _continues(self, span: Span) -> bool:
        """Whether a span follows on the closure that goes on, or lids still shut show again after a fall."""
        run = self._run
        if run is None or span.start_s <= run.end_s:
            return True
        return span.closed and run.fallen_s > 0 and span.start_s - run.end_s <= GAP_S

    def fall(self, t_s: float) -> None:
        """A fallen head hides the lids at `t_s`: shut before for long enough to be no blink, they stay shut."""
        run = self._run
        if (
            run is not None
            and run.known
            and not self.witnesses.see
            and run.duration_s >= SLOW_S
            and run.openness <= HALF_SHUT
        ):
            self._run = replace(run, end_s=t_s, fallen_s=run.fallen_s + t_s - run.end_s)
            self._last_s = t_s

    def unseen(self, for_s: float) -> Settled:
        """The eyes have been out of sight for `for_s`: open ones are not known to be open still."""
        if for_s > BRIDGE_S:
            return self.lapse()
        if for_s > GAP_S:
            self._open_from_s = None
        return Settled()

    def lapse(self) -> Settled:
        """The eyes went out of sight for too long: what was known ends where it was last seen."""
        settled = self._end(whole=False)
        self._open_from_s = None
        return settled

    def _end(self, whole: bool) -> Settled:
        run, self._run = self._run, None
        if run is None:
            return Settled()
        held_back = self._held_back(run)
        self.guard.lids_went_up()
        self.witnesses.lids_went_up()
        spans = self._settle(run, SLOW_S, held_back)
        self._unsettled.clear()
        if not run.known or (held_back and run.duration_s >= SLOW_S):
            return Settled(spans)
        run = replace(run, whole=run.whole and whole)
        if run.duration_s < SLOW_S and run.whole:
            spans = (Span(run.start_s, run.end_s, closed=False),)
        return Settled(spans, run)

    def _settle(self, run: Run, from_s: float, held_back: bool | None = None) -> tuple[Span, ...]:
        """The seen parts of a run that is long enough and no look down, each once."""
        held_back = self._held_back(run) if held_back is None else held_back
        if run.duration_s < from_s or held_back or not run.known:
            return ()
        spans = tuple(self._unsettled)
        self._unsettled.clear()
        return spans

    def _looks_down(self, run: Run) -> bool:
        """Whether the lids may follow a gaze: by the irises where they are clear, else by the head."""
        if self.witnesses.see:
            return run.duration_s < self._unresponsive_s
        moved = self.guard.holds and (self.guard.moved_far or not self.witnesses.hidden)
        return moved and run.duration_s < self._look_down_s

    def _held_back(self, run: Run) -> bool:
        stirs = run.end_s - self._stirred_s < self._unresponsive_s
        squints = run.half_shut and not self.witnesses.hidden and (stirs or run.openness >= self._closed_below)
        return squints or self.witnesses.contradict or self._looks_down(run)
