"""Terminal output of a running box: messages as lines, and the status line."""

from __future__ import annotations

from typing import TypeVar

from rich.console import Console
from rich.live import Live
from rich.status import Status
from rich.text import Text

from edge.i18n.texts import signed
from edge.messages import Affect, Alert, Level, Message, Source, Transcript, Warned
from edge.run_registry import RunClock
from edge.runtime.metrics import RunCounters

LEVEL_STYLES = dict(zip(Level, ("green", "yellow", "dark_orange", "bold red", "bold white on red"), strict=True))
"""Style of each level in a terminal (rich)."""
_QUIET_S = 60.0
"""Without a terminal, the status is printed once a minute."""


class TerminalSink:
    """Prints alerts, transcripts, affect, sources and warnings as they occur."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, message: Message) -> None:
        """Print one line for these kinds of message."""
        line = _line(message)
        if line is not None:
            self._console.print(Text(f"{message.t_s:8.1f} s  ", style="dim") + line, soft_wrap=True)


def _line(message: Message) -> Text | None:
    if isinstance(message, Alert):
        words = f"ALERT {message.alert} {message.type} {message.level.name.lower()} after {message.duration_s:.1f} s"
        return Text(words, style="green" if message.type == "end" else LEVEL_STYLES[message.level])
    if isinstance(message, Transcript):
        return Text(f"“{message.text}”")
    if isinstance(message, Affect):
        return Text(f"{message.emotion} {signed(message.score)}", style="cyan")
    if isinstance(message, Source):
        return Text(f"{message.source} {message.state} {message.detail}".rstrip(), style="magenta")
    if isinstance(message, Warned):
        return Text(f"{message.output} {message.signal} {message.type}", style="bold cyan")
    return None


_Display = TypeVar("_Display", bound="LiveDisplay")


class LiveDisplay:
    """A part of the terminal that is overwritten inside `with`; None where there is no terminal for it."""

    def __init__(self, live: Live | Status | None) -> None:
        self.live = live

    def __enter__(self: _Display) -> _Display:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()


class StatusLine(LiveDisplay):
    """One line that a terminal overwrites; elsewhere one line a minute."""

    def __init__(self, console: Console, clock: RunClock) -> None:
        super().__init__(Status("starting", console=console) if console.is_terminal else None)
        self._console, self._clock = console, clock
        self._frames, self._at_s, self._next_line_s = 0, 0.0, 0.0

    def show(self, health: RunCounters, losses: int) -> None:
        """Show the counters and the number of lost components; called about once a second."""
        now_s = self._clock.now_s()
        rate = (health.frames - self._frames) / max(now_s - self._at_s, 1e-3)
        self._frames, self._at_s = health.frames, now_s
        text = f"{counted(health, losses, now_s)} | {rate:.0f} frames/s"
        if self.live:
            self.live.update(text)
        elif now_s >= self._next_line_s:
            self._next_line_s = now_s + _QUIET_S
            self._console.print(text, highlight=False, soft_wrap=True)


def counted(health: RunCounters, losses: int, now_s: float) -> str:
    """The counters of a run as one line."""
    stages = ", ".join(f"{name} {spent.mean_ms:.0f} ms" for name, spent in list(health.stages.items()))
    return " | ".join(
        [
            f"{now_s:.0f} s",
            f"{health.frames} frames ({health.frames_dropped} dropped)",
            f"{health.utterances} utterances ({health.utterances_dropped} not transcribed)",
            f"{losses} losses",
            stages or "no stage has run",
        ]
    )
