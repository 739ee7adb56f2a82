"""Sinks of messages, after the purpose's filter: publisher, timeline, JSONL files, the log; and their folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

from edge.config import Config
from edge.config.purpose import Allowance, permitted
from edge.i18n.texts import Sentence
from edge.log import fields
from edge.messages import Alert, Message, Source, Warned
from edge.messages.serialize import to_record
from edge.publish.publisher import Publisher
from edge.redact import error_line
from edge.run_registry import Start
from edge.runtime.supervision import Supervision
from edge.status import SystemStatus
from edge.store.state_folder import unusable
from edge.store.timeline import Timeline

_log = logging.getLogger(__name__)

_OUTBOX_FILE = "outbox.db"
STORAGE = "storage"
"""Name of the folder in `Source` messages."""
_PATIENCE_S = 60.0
"""How long the stores may need to recover once the folder can be written."""


class Sink(Protocol):
    """Takes messages; its opener closes it."""

    def write(self, message: Message) -> None:
        """Take one message."""
        ...


class Outlet:
    """Passes what the purpose permits to every sink and drops the rest.

    A sink that raises is reported lost and misses that message; the others get it.
    """

    def __init__(self, sinks: Sequence[Sink], allowance: Allowance, supervision: Supervision | None = None) -> None:
        parts = supervision or Supervision()
        self._sinks = [(parts.bare(_component_name(sink)), sink) for sink in sinks]
        self._allowance = allowance

    def write(self, messages: Iterable[Message]) -> None:
        """Pass all permitted messages to one sink before the next one, so that the first waits for no other."""
        permitted_ones = [one for message in messages if (one := permitted(message, self._allowance)) is not None]
        for component, sink in self._sinks:
            for message in permitted_ones:
                component.guard(message.t_s, partial(sink.write, message), None)


def _component_name(sink: Sink) -> str:
    return str(getattr(sink, "component_name", type(sink).__name__.removesuffix("Sink").lower()))


class JsonlSink:
    """One JSON object a line; the file gets its final name only when `with` ends without an error."""

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


class LogSink:
    """Logs alerts, sources and warnings; words, moods and persons do not appear in the log."""

    def write(self, message: Message) -> None:
        """Write one log record with fields."""
        if isinstance(message, Alert):
            values = {
                "id": message.id,
                "type": message.type,
                "kind": message.alert,
                "level": message.level.name.lower(),
            }
            text = "alert {kind} {type} {level}".format_map(values)
            _log.info("%s after %.1f s", text, message.duration_s, extra=fields(t_s=message.t_s, **values))
        elif isinstance(message, Source):
            severity = logging.WARNING if message.state == "lost" else logging.INFO
            values = {"source": message.source, "state": message.state, "detail": message.detail}
            _log.log(severity, "%s %s %s", *values.values(), extra=fields(t_s=message.t_s, **values))
        elif isinstance(message, Warned):
            _log.info("%s %s %s", message.output, message.signal, message.type, extra=fields(t_s=message.t_s))


class StateFolder:
    """Filters the reports of the stores: while their folder cannot be written, one report replaces theirs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._withheld: dict[str, Source] = {}
        """The last report of each store since the folder was lost."""
        self._lost = False
        self._writable_s: float | None = None

    def filtered(self, reports: Iterable[Source], t_s: float) -> list[Source]:
        """The reports at `t_s`; called about once a second."""
        reports = list(reports)
        fault = unusable(self._path) if self._lost or any(report.state == "lost" for report in reports) else ""
        if not (fault or self._lost):
            return reports
        self._withheld |= {report.source: report for report in reports}
        if not self._lost:
            self._lost = True
            return [Source(t_s, STORAGE, "lost", Sentence("folder_unwritable", folder=str(self._path), error=fault))]
        self._writable_s = None if fault else self._writable_s or t_s
        return [] if self._writable_s is None else self._back(t_s, t_s - self._writable_s >= _PATIENCE_S)

    def _back(self, t_s: float, patience_is_over: bool) -> list[Source]:
        lost = [report for report in self._withheld.values() if report.state == "lost"]
        if lost and not patience_is_over:
            return []
        self._withheld, self._lost, self._writable_s = {}, False, None
        return [Source(t_s, STORAGE, "ok"), *lost]


class Stores:
    """Timeline and, if the configuration has a broker, publisher; open from `with` to its end.

    `sinks` has the publisher first: an alert in the timeline is always in the outbox too, even if the process is
    killed.
    """

    def __init__(self, config: Config, folder: Path, start: Start, status: SystemStatus | None = None) -> None:
        """`folder` holds the files; `start` is when the run began; `status` is the record of what is lost."""
        self.failure: str | None = None
        """Why the run ended by itself; set it before the end of `with` when there is no exception."""
        self.publisher: Publisher | None = None
        if config.mqtt is not None:
            self.publisher = Publisher(config, folder / _OUTBOX_FILE, start, status)
        self.timeline = Timeline(folder / config.store.path, start, config.store)
        self._folder = StateFolder(folder)
        self.sinks: list[Sink] = [self.publisher, self.timeline] if self.publisher else [self.timeline]

    def turn(self, t_s: float) -> list[Source]:
        """Write what is due and return the reports of the stores; call it about once a second."""
        self.timeline.turn()
        reports = self.timeline.take_reports(t_s)
        if self.publisher:
            self.publisher.turn(t_s)
            reports += self.publisher.take_reports(t_s)
        return self._folder.filtered(reports, t_s)

    @property
    def broken(self) -> str | None:
        """Why delivery has ended until the process is restarted; None while it works."""
        return self.publisher.broken if self.publisher else None

    def __enter__(self) -> Stores:
        if self.publisher:
            self.publisher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.timeline.close()
        if self.publisher:
            self.publisher.stop(error_line(error) if isinstance(error, Exception) else self.failure)
