"""What the box knows of itself, gathered in one place: for MQTT, `/metrics` and `/healthz`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.messages import Alert, Message, Source
from edge.runtime.health import Health

OLDEST_S = 15.0
"""The judging loop turns once a second; a loop that has not for this long does not work. Beyond the 10 s that a stage
may take, so that the stage itself is named first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the box works: `healthy` False is what its supervisor starts it anew for, or it has not begun."""

    healthy: bool
    reasons: tuple[str, ...]
    """What does not work, also while the box as a whole does."""
    age_s: float | None
    """Since the judging loop last turned; None before its first turn."""


class Board:
    """A sink, and the owner of the figures; from any thread."""

    def __init__(self, health: Health, facts: Mapping[str, str], models: Mapping[str, str]) -> None:
        """`facts` are version, bundle, provider and purpose; `models` the variant of each role that really runs."""
        self._health = health
        self._fixed = {"box": dict(facts), "models": dict(models)}
        self._lock = threading.Lock()
        self._alerts: dict[str, dict[str, int]] = {}
        self._sources: dict[str, Source] = {}
        self._turned_s: float | None = None
        self._ready, self._stuck = False, ""

    def write(self, message: Message) -> None:
        """Count what it tells."""
        with self._lock:
            if isinstance(message, Source):
                self._sources[message.source] = message
            elif isinstance(message, Alert) and message.type == "new":
                levels, level = self._alerts.setdefault(message.alert, {}), message.level.name.lower()
                levels[level] = levels.get(level, 0) + 1

    def turn(self, now_s: float, ready: bool, stuck: str | None) -> None:
        """The judging loop turned at `now_s` (monotonic): what it also tells systemd's watchdog."""
        with self._lock:
            self._turned_s, self._ready, self._stuck = now_s, ready, stuck or ""

    def verdict(self, now_s: float) -> Verdict:
        """At `now_s` (monotonic)."""
        with self._lock:
            age_s = None if self._turned_s is None else now_s - self._turned_s
            lost = [_told(source) for source in self._sources.values() if source.state == "lost"]
            blind = self._sources.get("vision")
            sighted = self._sources.get("camera")
            if self._stuck:
                grave = [self._stuck]
            elif age_s is None or not self._ready:
                grave = ["starting: no picture and no sound has been worked through yet"]
            elif age_s > OLDEST_S:
                grave = [f"no progress: the judging loop has not turned for {age_s:.0f} s"]
            elif blind and blind.state == "absent" and not (sighted and sighted.state == "absent"):
                grave = [_told(blind)]
            else:
                grave = []
        return Verdict(not grave, (*grave, *lost), age_s)

    def readings(self) -> dict[str, Any]:
        """The runtime's part of the health topic."""
        with self._lock:
            alerts = {kind: dict(levels) for kind, levels in self._alerts.items()}
            sources = {name: source.state for name, source in self._sources.items()}
        return {**self._health.readings(), "alerts": alerts, "sources": sources}

    def figures(self, published: Callable[[], Mapping[str, Any]] | None) -> dict[str, Any]:
        """All that `edge.runtime.metrics` has a row for; `published` is the publisher's part of the health topic."""
        verdict = self.verdict(time.monotonic())
        told = {"healthy": float(verdict.healthy), "age_s": verdict.age_s}
        return {**(published() if published else {}), **self._fixed, "readings": self.readings(), "verdict": told}


def _told(source: Source) -> str:
    return f"{source.source} {source.state}: {source.detail}"
