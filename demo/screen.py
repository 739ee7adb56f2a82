"""The terminal of the demo: what happens as lines, the state now as a panel below them."""

from __future__ import annotations

import threading

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from edge.cli.terminal import LEVEL_STYLES, TerminalSink
from edge.messages import Affect, Closure, Face, Fatigue, Level, Message, Nod, Source, Yawn

_REFRESHES_PER_S = 6
_BAR = 24


class Screen:
    """A sink, shown from `with` to its end; `length_s` None is a run without a known end."""

    def __init__(self, console: Console, length_s: float | None) -> None:
        self._console, self._length_s = console, length_s
        self._lines = TerminalSink(console)
        self._lock = threading.Lock()
        self._t_s = 0.0
        self._face: Face | None = None
        self._fatigue: Fatigue | None = None
        self._mood: Affect | None = None
        self._absent: dict[str, str] = {}
        self._live = Live(
            console=console, get_renderable=self._panel, refresh_per_second=_REFRESHES_PER_S, transient=True
        )

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, line: Text) -> None:
        """Print one line above the panel."""
        self._console.print(line, soft_wrap=True)

    def write(self, message: Message) -> None:
        """Take one message of the box."""
        self._lines.write(message)
        event = _event(message)
        if event is not None:
            self.show(Text(f"{message.t_s:8.1f} s  ", style="dim") + event)
        with self._lock:
            self._t_s = max(self._t_s, message.t_s)
            if isinstance(message, Face):
                self._face = message
            elif isinstance(message, Fatigue):
                self._fatigue = message
            elif isinstance(message, Affect):
                self._mood = message
            elif isinstance(message, Source):
                self._absent.pop(message.source, None)
                if message.state != "ok":
                    self._absent[message.source] = message.state

    def _panel(self) -> RenderableType:
        with self._lock:
            rows = Table.grid(padding=(0, 2))
            rows.add_row("fatigue", _level(self._fatigue))
            rows.add_row("eyes", _eyes(self._face))
            rows.add_row("PERCLOS", _share(self._fatigue.perclos_60 if self._fatigue else None))
            rows.add_row("mood", Text(f"{self._mood.emotion} {self._mood.score:+.2f}" if self._mood else "unknown"))
            if self._absent:
                rows.add_row("without", ", ".join(f"{name} ({state})" for name, state in self._absent.items()))
            parts: list[RenderableType] = [rows]
            title = f"{self._t_s:.0f} s"
            if self._length_s:
                title += f" of {self._length_s:.0f} s"
                parts.append(ProgressBar(total=self._length_s, completed=min(self._t_s, self._length_s)))
            return Panel(Group(*parts), title=title, title_align="left", width=76)


def _event(message: Message) -> Text | None:
    """A line for what the body does; `TerminalSink` has those for what the box concludes."""
    if isinstance(message, Closure) and message.class_ != "blink":
        return Text(f"eyes closed for {message.end_s - message.start_s:.1f} s ({message.class_})", style="yellow")
    if isinstance(message, Yawn | Nod):
        return Text(f"{message.kind} of {message.end_s - message.start_s:.1f} s", style="yellow")
    return None


def _level(fatigue: Fatigue | None) -> Text:
    if fatigue is None:
        return Text("unknown", style="dim")
    word = "alert" if fatigue.level is Level.NONE else fatigue.level.name.lower()
    return Text(" ".join([word, *fatigue.causes]).replace("_", " "), style=LEVEL_STYLES[fatigue.level])


def _eyes(face: Face | None) -> Text:
    if face is None or face.openness is None:
        reason = face.reason.value.replace("_", " ") if face and face.reason else "not judged"
        return Text(f"unknown: {reason}", style="dim")
    filled = round(_BAR * face.openness)
    return Text("█" * filled + "░" * (_BAR - filled) + f" {face.openness:4.0%} open")


def _share(value: float | None) -> Text:
    return Text("unknown", style="dim") if value is None else Text(f"{value:.1%} of the last minute")
