"""The fatigue policy: PERCLOS and the level that follows from the evidence. `CAUSES` lists what raises which level.

PERCLOS is the share of seen time in which the lids were slowly closed (Wierwille 1994, DOT HS 808 247). Closed is what
`edge.fatigue.eyelid_spans` calls closed, without blinks. With the usual thresholds that lies a little above P80, which
requires an openness of at most 0.2.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import attrgetter

from edge.config.decision import FatigueConfig
from edge.fatigue.eyelid_spans import LidSpan
from edge.messages import Level

CAUSES: dict[str, Level] = {
    "perclos_advisory": Level.ADVISORY,
    "drowsy_blinks": Level.ADVISORY,
    "drowsy_blinks_perclos": Level.WARNING,
    "yawns": Level.WARNING,
    "perclos_warning": Level.WARNING,
    "perclos_critical": Level.CRITICAL,
    "microsleep": Level.CRITICAL,
    "sleep": Level.CRITICAL,
    "unresponsive": Level.EMERGENCY,
}
"""Every cause with the level that it raises, the gravest last. Yawns and the estimate from blinks raise a warning only
together with a raised PERCLOS: neither is proof alone."""
ASLEEP = ("microsleep", "sleep", "unresponsive")
"""The causes that are one long closure; each replaces the one before."""
SHORT_S = 60.0
LONG_S = 180.0
LEAST_VALID_S = 30.0
"""Least seen time for a value, at any share."""


@dataclass(frozen=True, slots=True)
class FatigueEvidence:
    """The evidence about one person at `t_s`."""

    t_s: float
    seen: bool
    """Whether the lids were judged in this frame. Levels do not rise on other frames."""
    closed_s: float
    """Length of the closure that continues or ends in this frame, 0 without one."""
    open_s: float
    """How long the eyes have been seen open without a break."""
    perclos_60: float | None
    perclos_180: float | None
    yawns: int
    """Yawns within `yawns_within_s`."""
    drowsy_blinks_s: float = 0.0
    """How long the estimate from blinks has been at least `drowsy_blinks`."""


@dataclass(frozen=True, slots=True)
class FatigueState:
    """The level with what raised it, the gravest cause last."""

    level: Level = Level.NONE
    causes: tuple[str, ...] = ()

    @property
    def asleep(self) -> bool:
        """Whether a closure is among the causes."""
        return any(cause in ASLEEP for cause in self.causes)


class FatiguePolicy:
    """Hysteresis and hold for one person."""

    def __init__(self, config: FatigueConfig) -> None:
        self._config = config
        self._perclos = {
            "perclos_advisory": (_Latch(config.hold_s), config.perclos_advisory),
            "perclos_warning": (_Latch(config.hold_s), config.perclos_warning),
            "perclos_critical": (_Latch(config.hold_s), config.perclos_critical),
        }
        self._yawns = _Latch(config.hold_s)
        self._blinks = _Latch(config.hold_s)
        self._blinks_perclos = _Latch(config.hold_s)
        self._closure: str | None = None
        self._seen_s = float("-inf")

    def retune(self, config: FatigueConfig) -> None:
        """Use other thresholds from now on; `hold_s` stays."""
        self._config = config
        self._perclos = {name: (latch, getattr(config, name)) for name, (latch, _) in self._perclos.items()}

    def step(self, evidence: FatigueEvidence) -> FatigueState:
        """Return the level at `evidence.t_s`."""
        causes = [*self._perclos_causes(evidence), *self._corroborated(evidence), *self._asleep(evidence)]
        causes.sort(key=list(CAUSES).index)
        return FatigueState(max((CAUSES[cause] for cause in causes), default=Level.NONE), tuple(causes))

    def _perclos_causes(self, evidence: FatigueEvidence) -> list[str]:
        share, long_share = evidence.perclos_60, evidence.perclos_180
        enough = {name: share is not None and share >= value for name, (_, value) in self._perclos.items()}
        enough["perclos_warning"] &= long_share is not None and long_share >= self._config.perclos_180_warning
        active = [
            name
            for name, (latch, value) in self._perclos.items()
            if latch.step(evidence.t_s, enough[name] and evidence.seen, self._keeps(share, value))
        ]
        return active[-1:]

    def _corroborated(self, evidence: FatigueEvidence) -> list[str]:
        config, t_s, share = self._config, evidence.t_s, evidence.perclos_60
        raised = share is not None and share >= config.perclos_advisory and evidence.seen
        kept = self._keeps(share, config.perclos_advisory)
        yawning = evidence.yawns >= config.yawns
        drowsy = evidence.drowsy_blinks_s >= config.drowsy_blinks_s
        causes = ["yawns"] if self._yawns.step(t_s, yawning and raised, yawning and kept) else []
        blinks = self._blinks.step(t_s, drowsy and evidence.seen, drowsy)
        if self._blinks_perclos.step(t_s, drowsy and raised, drowsy and kept):
            return [*causes, "drowsy_blinks_perclos"]
        return [*causes, "drowsy_blinks"] if blinks else causes

    def _keeps(self, share: float | None, value: float) -> bool:
        return share is not None and share >= self._config.exit_share * value

    def _asleep(self, evidence: FatigueEvidence) -> list[str]:
        if self._out_of_sight(evidence.t_s):
            self._closure = None
        if evidence.seen:
            self._seen_s = evidence.t_s
        reached = self._class(evidence.closed_s)
        if reached is not None and (self._closure is None or ASLEEP.index(reached) > ASLEEP.index(self._closure)):
            self._closure = reached
        elif evidence.open_s >= self._config.reopened_s:
            self._closure = None
        return [] if self._closure is None else [self._closure]

    def _out_of_sight(self, t_s: float) -> bool:
        return t_s - self._seen_s > self._config.out_of_sight_s

    def _class(self, closed_s: float) -> str | None:
        config = self._config
        if closed_s >= config.unresponsive_s:
            return "unresponsive"
        if closed_s >= config.sleep_s:
            return "sleep"
        return "microsleep" if closed_s >= config.microsleep_s else None


class _Latch:
    """On at once; off after `hold_s` without a reason to stay on."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._on = False
        self._kept_s = 0.0

    def step(self, t_s: float, enter: bool, keep: bool) -> bool:
        if enter or (self._on and keep):
            self._on, self._kept_s = True, t_s
        elif t_s - self._kept_s > self._hold_s:
            self._on = False
        return self._on


@dataclass(frozen=True, slots=True)
class _Mark:
    """Judged, counted and closed time in seconds, added up until `t_s`."""

    t_s: float
    judged_s: float
    """Seen, whether the vehicle drives or stands."""
    seen_s: float
    closed_s: float


class Perclos:
    """Adds up spans of lids; time without a span is neither in the numerator nor in the denominator."""

    def __init__(self, start_s: float, least_valid_ratio: float) -> None:
        self._start_s = start_s
        self._least = least_valid_ratio
        self._marks = [_Mark(start_s, 0.0, 0.0, 0.0)]

    def add(self, span: LidSpan, driving: bool = True) -> None:
        """Add a span; spans come in order of time. Time at a stop is rest and counts as judged only."""
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
        """Return PERCLOS over the last `window_s` seconds; None if too little of them was seen."""
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
