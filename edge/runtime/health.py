"""Counters of a run: what came in, what was dropped, how long each stage takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class StageTime:
    """Time spent in one stage."""

    calls: int = 0
    total_ms: float = 0.0
    worst_ms: float = 0.0

    @property
    def mean_ms(self) -> float:
        """Mean over all calls, 0 before the first."""
        return self.total_ms / self.calls if self.calls else 0.0


@dataclass(slots=True)
class Health:
    """Each counter is written by one thread and may be read by any."""

    frames: int = 0
    """Pictures that capture delivered."""
    frames_dropped: int = 0
    """Pictures that a newer one replaced before vision took them."""
    sound_s: float = 0.0
    """Seconds of sound that capture delivered."""
    sound_dropped_s: float = 0.0
    utterances: int = 0
    utterances_dropped: int = 0
    losses: int = 0
    """How often a source or a stage was lost."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Items waiting in each queue."""
    stages: dict[str, StageTime] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time one call of a stage."""
        start_s = time.perf_counter()
        try:
            yield
        finally:
            spent = self.stages.setdefault(stage, StageTime())
            milliseconds = 1000 * (time.perf_counter() - start_s)
            spent.calls += 1
            spent.total_ms += milliseconds
            spent.worst_ms = max(spent.worst_ms, milliseconds)

    def readings(self) -> dict[str, object]:
        """All counters as plain data, for the box's health topic."""
        stages = {
            name: {"calls": spent.calls, "mean_ms": round(spent.mean_ms, 1), "worst_ms": round(spent.worst_ms, 1)}
            for name, spent in list(self.stages.items())
        }
        return {
            "frames": self.frames,
            "frames_dropped": self.frames_dropped,
            "sound_s": round(self.sound_s, 1),
            "sound_dropped_s": round(self.sound_dropped_s, 1),
            "utterances": self.utterances,
            "utterances_dropped": self.utterances_dropped,
            "losses": self.losses,
            "waiting": self.waiting,
            "stages": stages,
        }
