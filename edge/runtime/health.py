"""Counters of a run: what came in, what was dropped, how long each stage takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
    """What of its work the box leaves out because of heat or load (`edge.runtime.shedding`)."""
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
        stages = {
            name: {
                "calls": spent.calls,
                "total_ms": round(spent.total_ms, 1),
                "mean_ms": round(spent.mean_ms, 1),
                "worst_ms": round(spent.worst_ms, 1),
            }
            for name, spent in list(self.stages.items())
        }
        return {
            "frames": self.frames,
            "camera_hz": round(self.camera_hz, 1),
            "frames_dropped": self.frames_dropped,
            "frames_shed": self.frames_shed,
            "frames_seen": self.frames_seen,
            "sound_s": round(self.sound_s, 1),
            "sound_dropped_s": round(self.sound_dropped_s, 1),
            "utterances": self.utterances,
            "utterances_dropped": self.utterances_dropped,
            "records_dropped": self.records_dropped,
            "losses": status.losses,
            "celsius": None if self.celsius is None else round(self.celsius, 1),
            "band": self.band,
            "shed": self.shed,
            "waiting": self.waiting,
            "failures": dict(self.failures),
            "restarts": dict(self.restarts),
            "skipped": dict(self.skipped),
            "stages": stages,
            "alerts": {kind: dict(levels) for kind, levels in list(self.alerts.items())},
            "sources": {name: standing.state for name, standing in status.parts.items()},
        }
