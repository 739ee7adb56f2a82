"""Counters of a run: what came in, what was dropped, how long each stage takes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE_S: dict[str, float] = {
    "vision": 10.0,
    "speech": 10.0,
    "asr": 90.0,
    "text": 10.0,
    "prosody": 10.0,
}
"""A call of a stage that takes longer hangs. 10 s is what Frigate gives its detectors; recognizing the longest
utterance (28 s) takes about its own length on a small processor, so three times that. Judgement is not here: it is the
loop that asks, and systemd's watchdog waits for it."""
STARTING_S = 600.0
"""For the first call, in which a provider may still prepare its kernels."""


@dataclass(slots=True)
class StageTime:
    """Time spent in one stage."""

    calls: int = 0
    total_ms: float = 0.0
    worst_ms: float = 0.0
    since_s: float | None = None
    """Monotonic time at which the call that is going on began; None between calls."""

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
    losses: int = 0
    """How often a source or a stage was lost."""
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
    freeze: Callable[[str], None] | None = None
    """A test's hook (`edge.runtime.freeze`), called with the name of each stage before it works."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time one call of a stage; while it goes on, its age shows whether the stage hangs."""
        spent = self.stages.setdefault(stage, StageTime())
        spent.since_s = start_s = time.monotonic()
        try:
            if self.freeze is not None:
                self.freeze(stage)
            yield
        finally:
            spent.since_s = None
            milliseconds = 1000 * (time.monotonic() - start_s)
            spent.calls += 1
            spent.total_ms += milliseconds
            spent.worst_ms = max(spent.worst_ms, milliseconds)

    def stuck(self, now_s: float) -> str | None:
        """What to say of a stage that has been in one call for longer than it may be; `now_s` is monotonic."""
        for name, spent in list(self.stages.items()):
            since_s, patience_s = spent.since_s, PATIENCE_S.get(name) if spent.calls else STARTING_S
            if since_s is not None and patience_s is not None and now_s - since_s > patience_s:
                return f"{name} hangs: no answer for {now_s - since_s:.0f} s, {patience_s:.0f} s are its most"
        return None

    def readings(self) -> dict[str, object]:
        """All counters as plain data, for the box's health topic."""
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
            "frames_dropped": self.frames_dropped,
            "frames_shed": self.frames_shed,
            "frames_seen": self.frames_seen,
            "sound_s": round(self.sound_s, 1),
            "sound_dropped_s": round(self.sound_dropped_s, 1),
            "utterances": self.utterances,
            "utterances_dropped": self.utterances_dropped,
            "records_dropped": self.records_dropped,
            "losses": self.losses,
            "celsius": None if self.celsius is None else round(self.celsius, 1),
            "band": self.band,
            "shed": self.shed,
            "waiting": self.waiting,
            "failures": dict(self.failures),
            "restarts": dict(self.restarts),
            "skipped": dict(self.skipped),
            "stages": stages,
        }
