"""The fatigue policy: from evidence to level, pure. One table says what raises which level."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.understanding import FatigueConfig
from edge.messages import Level

CAUSES: dict[str, Level] = {
    "perclos_advisory": Level.ADVISORY,
    "yawns": Level.WARNING,
    "perclos_warning": Level.WARNING,
    "perclos_critical": Level.CRITICAL,
    "microsleep": Level.CRITICAL,
    "sleep": Level.CRITICAL,
    "unresponsive": Level.EMERGENCY,
}
"""Every cause with the level that it raises, the gravest last."""
ASLEEP = ("microsleep", "sleep", "unresponsive")
"""The causes that are one long closure, each replacing the one before."""

EXIT_SHARE = 0.75
"""A PERCLOS level ends below this share of the value that raised it."""
PERCLOS_180_WARNING = 0.10
"""A warning needs this much over 180 s too, so that one bad minute is not enough."""
YAWNS = 3
YAWNS_WITHIN_S = 600.0
"""Three yawns in ten minutes, and only beside a raised PERCLOS: yawning alone proves nothing."""
REOPENED_S = 0.3
"""Eyes open for this long end a closure's level."""
OUT_OF_SIGHT_S = 10.0
"""A closure's level outlasts the loss of the eyes by this much (a sleeper's head may sink out of the picture), without
rising; then the driver counts as not seen."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one person at `t_s`."""

    t_s: float
    seen: bool
    """Whether the lids were judged in this very frame. Nothing rises on a frame in which they were not."""
    closed_s: float
    """Length of the closure that goes on, 0 without one."""
    open_s: float
    """How long the eyes have been seen open without a break."""
    perclos_60: float | None
    perclos_180: float | None
    yawns: int
    """Yawns within the last ten minutes."""


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
        self._closure: str | None = None
        self._seen_s = float("-inf")

    def step(self, evidence: Evidence) -> Judgement:
        """Return the level at `evidence.t_s`."""
        causes = [*self._drowsy(evidence), *self._asleep(evidence)]
        causes.sort(key=list(CAUSES).index)
        return Judgement(max((CAUSES[cause] for cause in causes), default=Level.NONE), tuple(causes))

    def _drowsy(self, evidence: Evidence) -> list[str]:
        share = evidence.perclos_60
        enough = {name: share is not None and share >= value for name, (_, value) in self._perclos.items()}
        enough["perclos_warning"] &= evidence.perclos_180 is not None and evidence.perclos_180 >= PERCLOS_180_WARNING
        active = [
            name
            for name, (latch, value) in self._perclos.items()
            if latch.step(
                evidence.t_s, enough[name] and evidence.seen, share is not None and share >= EXIT_SHARE * value
            )
        ]
        raised = share is not None and share >= EXIT_SHARE * self._config.perclos_advisory
        yawning = evidence.yawns >= YAWNS
        enter = yawning and enough["perclos_advisory"] and evidence.seen
        corroborated = self._yawns.step(evidence.t_s, enter, yawning and raised)
        return active[-1:] + (["yawns"] if corroborated else [])

    def _asleep(self, evidence: Evidence) -> list[str]:
        if evidence.seen:
            self._seen_s = evidence.t_s
        reached = self._class(evidence.closed_s)
        if reached is not None and (self._closure is None or ASLEEP.index(reached) > ASLEEP.index(self._closure)):
            self._closure = reached
        elif evidence.open_s >= REOPENED_S or evidence.t_s - self._seen_s > OUT_OF_SIGHT_S:
            self._closure = None
        return [] if self._closure is None else [self._closure]

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
