"""PERCLOS: the share of seen time in which the lids were slowly closed (Wierwille 1994, DOT HS 808 247).

Closed is what `lids` calls closed, blinks left out; with the usual thresholds that lies a little above P80, which asks
for an openness of at most 0.2.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import attrgetter

from edge.fatigue.lids import Span

SHORT_S = 60.0
LONG_S = 180.0
LEAST_VALID_S = 30.0
"""No value before this much seen time, whatever the share."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Judged, counted and closed time in seconds, added up until `t_s`."""

    t_s: float
    judged_s: float
    """Seen, whether the vehicle drives or stands."""
    seen_s: float
    closed_s: float


class Perclos:
    """Adds up spans of lids; time that is in no span is in neither numerator nor denominator."""

    def __init__(self, start_s: float, least_valid_ratio: float) -> None:
        self._start_s = start_s
        self._least = least_valid_ratio
        self._marks = [_Mark(start_s, 0.0, 0.0, 0.0)]

    def add(self, span: Span, driving: bool = True) -> None:
        """Add a span; spans come in order of time. What happens at a stop is rest and counts as judged only."""
        if span.duration_s <= 0:
            return
        last = self._marks[-1]
        if span.start_s > last.t_s:
            self._marks.append(replace(last, t_s=span.start_s))
        seen_s = span.duration_s if driving else 0.0
        closed_s = seen_s if span.closed else 0.0
        judged_s = last.judged_s + span.duration_s
        self._marks.append(_Mark(span.end_s, judged_s, last.seen_s + seen_s, last.closed_s + closed_s))
        self._merge()
        self._forget(span.end_s - 2 * LONG_S)

    @property
    def judged_s(self) -> float:
        """All the time so far in which the lids were judged."""
        return self._marks[-1].judged_s

    def share(self, t_s: float, window_s: float) -> float | None:
        """Return PERCLOS over the last `window_s` seconds; None when too little of them was seen."""
        _, seen_s, closed_s = self._totals(t_s, window_s)
        if seen_s < max(LEAST_VALID_S, self._least * window_s) - 1e-6:
            return None
        return min(max(closed_s / seen_s, 0.0), 1.0)

    def valid_ratio(self, t_s: float) -> float:
        """Return the share of the last minute, or of the time since the start, in which the lids were judged."""
        length_s = min(SHORT_S, t_s - self._start_s)
        return min(self._totals(t_s, length_s)[0] / length_s, 1.0) if length_s > 0 else 0.0

    def _totals(self, t_s: float, window_s: float) -> tuple[float, float, float]:
        last, first = self._marks[-1], self._at(t_s - window_s)
        added = last.judged_s - first.judged_s, last.seen_s - first.seen_s, last.closed_s - first.closed_s
        return max(added[0], 0.0), max(added[1], 0.0), max(added[2], 0.0)

    def _at(self, t_s: float) -> _Mark:
        index = bisect_right(self._marks, t_s, key=attrgetter("t_s"))
        if index == 0:
            return self._marks[0]
        if index == len(self._marks):
            return self._marks[-1]
        left, right = self._marks[index - 1], self._marks[index]
        part = (t_s - left.t_s) / (right.t_s - left.t_s)
        return _Mark(
            t_s,
            left.judged_s + part * (right.judged_s - left.judged_s),
            left.seen_s + part * (right.seen_s - left.seen_s),
            left.closed_s + part * (right.closed_s - left.closed_s),
        )

    def _merge(self) -> None:
        """Drop the middle of three marks on one line."""
        if len(self._marks) < 3:
            return
        a, b, c = self._marks[-3:]
        if _slope(a, b) == _slope(b, c):
            del self._marks[-2]

    def _forget(self, until_s: float) -> None:
        if self._marks[0].t_s < until_s:
            del self._marks[: bisect_right(self._marks, until_s + LONG_S - 1.0, key=attrgetter("t_s")) - 1]


def _slope(a: _Mark, b: _Mark) -> tuple[bool, bool, bool]:
    return b.judged_s > a.judged_s, b.seen_s > a.seen_s, b.closed_s > a.closed_s
