"""The status line of a running box."""

from __future__ import annotations

import contextlib

from rich.console import Console
from rich.status import Status

from edge.run_registry import RunClock
from edge.runtime.metrics import Health

_QUIET_S = 60.0
"""Without a terminal the status is a line of its own, once a minute."""


class StatusLine(contextlib.AbstractContextManager["StatusLine"]):
    """One line that is written over in a terminal; elsewhere a line a minute."""

    def __init__(self, console: Console, clock: RunClock) -> None:
        self._console, self._clock = console, clock
        self._live = Status("starting", console=console) if console.is_terminal else None
        self._frames, self._at_s, self._next_line_s = 0, 0.0, 0.0

    def __enter__(self) -> StatusLine:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, health: Health, losses: int) -> None:
        """Show the counters, and how often a part was lost; called about once a second."""
        now_s = self._clock.now_s()
        rate = (health.frames - self._frames) / max(now_s - self._at_s, 1e-3)
        self._frames, self._at_s = health.frames, now_s
        text = f"{counted(health, losses, now_s)} | {rate:.0f} pictures/s"
        if self._live:
            self._live.update(text)
        elif now_s >= self._next_line_s:
            self._next_line_s = now_s + _QUIET_S
            self._console.print(text, highlight=False, soft_wrap=True)


def counted(health: Health, losses: int, now_s: float) -> str:
    """The counters of a run as one line."""
    stages = ", ".join(f"{name} {spent.mean_ms:.0f} ms" for name, spent in list(health.stages.items()))
    return " | ".join(
        [
            f"{now_s:.0f} s",
            f"{health.frames} pictures ({health.frames_dropped} dropped)",
            f"{health.utterances} utterances ({health.utterances_dropped} not transcribed)",
            f"{losses} losses",
            stages or "no stage has run",
        ]
    )
