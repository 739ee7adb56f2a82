"""Messages as lines in a terminal, for a person who watches a run."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from edge.messages import Affect, Alert, Level, Message, Source, Transcript, Warned

LEVEL_STYLES = dict(zip(Level, ("green", "yellow", "dark_orange", "bold red", "bold white on red"), strict=True))
"""How a level looks in a terminal (rich's styles)."""


class TerminalSink:
    """Prints what a person wants to know as it happens: alerts, words, moods, sources."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, message: Message) -> None:
        """Print one line for the kinds that are worth one."""
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
        return Text(f"{message.emotion} {message.score:+.2f}", style="cyan")
    if isinstance(message, Source):
        return Text(f"{message.source} {message.state} {message.detail}".rstrip(), style="magenta")
    if isinstance(message, Warned):
        return Text(f"{message.output} {message.signal} {message.type}", style="bold cyan")
    return None
