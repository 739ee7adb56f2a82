"""Counters of a run: what came in, what was dropped, how long each stage takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from edge.messages import Alert, Message
from edge.status import SystemStatus


@dataclass(slots=True)
class StageTime:
    """Time spent in one stage."""

    calls: int = 0
    total_ms: float = 0.0
    worst_ms: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one call."""
        milliseconds = 1000 * seconds
        self.calls += 1
        self.total_ms += milliseconds
        self.worst_ms = max(self.worst_ms, milliseconds)

    @property
    def mean_ms(self) -> float:
        """Mean over all calls, 0 before the first."""
        return self.total_ms / self.calls if self.calls else 0.0


@dataclass(slots=True)
class Health:
    """Each counter is written by one thread and may be read by any."""

    frames: int = 0
    """Pictures that capture delivered."""
    camera_hz: float = 0.0
    """Pictures a second that capture delivered of late."""
    frames_dropped: int = 0
    """Pictures that a newer one replaced before vision took them."""
    frames_shed: int = 0
    """Pictures that were left out because the box is hot."""
    frames_seen: int = 0
    """Pictures that went through vision."""
    sound_s: float = 0.0
    """Seconds of sound that capture delivered."""
    sound_dropped_s: float = 0.0
    utterances: int = 0
    utterances_dropped: int = 0
    records_dropped: int = 0
    """Telemetry that the timeline's disk refused."""
    alerts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Alerts begun, by kind and the level they began at."""
    celsius: float | None = None
    """Of the hottest part of the processor, filtered; None where it cannot be read."""
    band: str = "green"
    shed: dict[str, bool] = field(default_factory=dict)
    """What of its work the box leaves out because of heat or load (`edge.runtime.degradation`)."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Items waiting in each queue."""
    failures: Counter[str] = field(default_factory=Counter)
    """Failed calls and crashes of each part."""
    restarts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    """Items that a part did not work on because it was down."""
    stages: dict[str, StageTime] = field(default_factory=dict)

    def write(self, message: Message) -> None:
        """Count what may be told; a sink."""
        if isinstance(message, Alert) and message.type == "new":
            levels, level = self.alerts.setdefault(message.alert, {}), message.level.name.lower()
            levels[level] = levels.get(level, 0) + 1

    def readings(self, status: SystemStatus) -> dict[str, object]:
        """All counters as plain data, with how each part is: the runtime's part of the health topic."""
        counted = {row.name: _plain(getattr(self, row.name)) for row in fields(self) if row.name != "stages"}
        stages = {name: _plain(asdict(spent) | {"mean_ms": spent.mean_ms}) for name, spent in list(self.stages.items())}
        sources = {name: part.state for name, part in status.parts.items()}
        return {**counted, "losses": status.losses, "stages": stages, "sources": sources}


def _plain(value: object) -> object:
    """A copy that another thread may keep, in the digits that mean something."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in list(value.items())}
    return round(value, 1) if isinstance(value, float) else value
