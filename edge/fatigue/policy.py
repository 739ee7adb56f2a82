"""The fatigue policy: from evidence to level, pure. One table says what raises which level."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.decision import FatigueConfig
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
beside a raised PERCLOS: neither proves anything alone."""
ASLEEP = ("microsleep", "sleep", "unresponsive")
"""The causes that are one long closure, each replacing the one before."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one person at `t_s`."""

    t_s: float
    seen: bool
    """Whether the lids were judged in this very frame. Nothing rises on a frame in which they were not."""
    closed_s: float
    """Length of the closure that goes on or ends in this frame, 0 without one."""
    open_s: float
    """How long the eyes have been seen open without a break."""
    perclos_60: float | None
    perclos_180: float | None
    yawns: int
    """Yawns within `yawns_within_s`."""
    drowsy_blinks_s: float = 0.0
    """How long the estimate from blinks has been at least `drowsy_blinks`."""


@dataclass(frozen=True, slots=True)
class Judgement:
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
        """Judge by other thresholds from now on; `hold_s` stays."""
        self._config = config
        self._perclos = {name: (latch, getattr(config, name)) for name, (latch, _) in self._perclos.items()}

    def step(self, evidence: Evidence) -> Judgement:
        """Return the level at `evidence.t_s`."""
        causes = [*self._perclos_causes(evidence), *self._corroborated(evidence), *self._asleep(evidence)]
        causes.sort(key=list(CAUSES).index)
        return Judgement(max((CAUSES[cause] for cause in causes), default=Level.NONE), tuple(causes))

    def _perclos_causes(self, evidence: Evidence) -> list[str]:
        share, long_share = evidence.perclos_60, evidence.perclos_180
        enough = {name: share is not None and share >= value for name, (_, value) in self._perclos.items()}
        enough["perclos_warning"] &= long_share is not None and long_share >= self._config.perclos_180_warning
        active = [
            name
            for name, (latch, value) in self._perclos.items()
            if latch.step(evidence.t_s, enough[name] and evidence.seen, self._keeps(share, value))
        ]
        return active[-1:]

    def _corroborated(self, evidence: Evidence) -> list[str]:
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

    def _asleep(self, evidence: Evidence) -> list[str]:
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
    """On at once, off after `hold_s` without reason to stay."""

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
