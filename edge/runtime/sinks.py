"""Where messages go: behind the one gate of the purpose, to files and terminals."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.text import Text

from edge.config.purpose import Allowance, permitted
from edge.log import fields
from edge.messages import Affect, Alert, Level, Message, Source, Transcript
from edge.record import to_record
from edge.runtime.supervision import Supervision

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes messages; whoever opened it closes it."""

    def write(self, message: Message) -> None:
        """Take one message."""
        ...


class Outlet:
    """The gate: what the purpose permits goes to every sink, the rest ends here.

    A sink that raises is told as lost and does without that message; the others get it.
    """

    def __init__(self, sinks: Sequence[Sink], allowance: Allowance, supervision: Supervision | None = None) -> None:
        parts = supervision or Supervision()
        self._sinks = [(parts.bare(type(sink).__name__.removesuffix("Sink").lower()), sink) for sink in sinks]
        self._allowance = allowance

    def write(self, messages: Iterable[Message]) -> None:
        """Pass on what is permitted of each message."""
        for message in messages:
            allowed = permitted(message, self._allowance)
            if allowed is not None:
                for component, sink in self._sinks:
                    component.guard(message.t_s, partial(sink.write, allowed), None)


class JsonlSink:
    """One JSON object a line, under the final name only when it is complete: `with` keeps it, an error discards it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when the folder cannot be written."""
        self._path = path
        self._temporary = path.with_name(f".{path.name}.part")
        self._stream = self._temporary.open("w", encoding="utf-8", newline="\n")

    def write(self, message: Message) -> None:
        """Append one line; keys in the order of the contract, floats rounded by it."""
        json.dump(to_record(message), self._stream, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._stream.write("\n")

    def close(self) -> None:
        """Keep the file."""
        self._stream.close()
        self._temporary.replace(self._path)

    def __enter__(self) -> JsonlSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        self._stream.close()
        self._temporary.unlink(missing_ok=True)


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
    return None


class LogSink:
    """Writes alerts and sources to the log, where no person watches; words, moods and single persons stay out of it."""

    def write(self, message: Message) -> None:
        """One record for each, with fields."""
        if isinstance(message, Alert):
            told = {"id": message.id, "type": message.type, "kind": message.alert, "level": message.level.name.lower()}
            text = "alert {kind} {type} {level}".format_map(told)
            _log.info("%s after %.1f s", text, message.duration_s, extra=fields(t_s=message.t_s, **told))
        elif isinstance(message, Source):
            grave = logging.WARNING if message.state == "lost" else logging.INFO
            told = {"source": message.source, "state": message.state, "detail": message.detail}
            _log.log(grave, "%s %s %s", *told.values(), extra=fields(t_s=message.t_s, **told))
