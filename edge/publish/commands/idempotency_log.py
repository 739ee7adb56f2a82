"""The completed commands and their responses on disk: a command repeated after a restart is answered, not executed."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.delivery import Op
from edge.database import Database, StoreEvents
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.publish.commands.requests import Command, RequestError, read_request

_log = logging.getLogger(__name__)

REMEMBERED = 256
"""Transactions whose responses are kept."""
_ONLY_READS: frozenset[Op] = frozenset({"report"})
"""Repeating them changes nothing, and the response describes the moment: they are not stored."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answered (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    op TEXT NOT NULL,
    request TEXT NOT NULL,
    data TEXT NOT NULL,
    boot TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class CompletedCommand:
    """A command with a transaction that was executed."""

    command: Command
    data: Mapping[str, Any]
    """The response's data."""
    boot: str
    """The run that executed it."""


class IdempotencyLog:
    """The last `REMEMBERED` completed commands; used by one thread.

    Rows that the disk refuses wait in memory and are written as soon as it accepts them (`take_reports`).
    """

    def __init__(self, path: Path) -> None:
        self._store_events = StoreEvents("orders")
        self._unsaved: deque[CompletedCommand] = deque(maxlen=REMEMBERED)
        self._database = Database(path, _SCHEMA, "FULL", self._store_events, lambda _: None)

    def load(self) -> list[CompletedCommand]:
        """The commands of earlier runs, oldest first; an empty list if the file cannot be read."""
        query = (
            f"SELECT name, op, request, data, boot FROM (SELECT * FROM answered ORDER BY id DESC LIMIT {REMEMBERED})"
        )
        try:
            rows = self._database.read(f"{query} ORDER BY id")
        except (sqlite3.Error, OSError) as error:
            self._store_events.lost(Sentence("answers_unreadable", file=str(self._database.path), error=str(error)))
            return []
        return [done for row in rows if (done := _read(row)) is not None]

    def keep(self, done: CompletedCommand) -> None:
        """Remember a command; the next `save` writes it."""
        if done.command.op not in _ONLY_READS:
            self._unsaved.append(done)

    def save(self) -> None:
        """Write the waiting commands; called at every turn of the publisher."""
        if not self._unsaved and not self._store_events.is_lost:
            return
        try:
            self._database.write(self._write)
        except (sqlite3.Error, OSError) as error:
            path = self._database.path
            self._store_events.lost(Sentence("answers_unwritable", file=str(path), error=str(error)))
            return
        self._unsaved.clear()
        self._store_events.works()

    def take_reports(self, t_s: float) -> list[Source]:
        """Reports about the file since the last call, with timestamp `t_s`."""
        return self._store_events.take(t_s)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, connection: sqlite3.Connection) -> None:
        rows = [
            (done.command.request.transaction, done.command.op, done.command.request.model_dump_json(exclude_none=True),
             json.dumps(done.data), done.boot)
            for done in self._unsaved
        ]  # fmt: skip
        query = "INSERT OR REPLACE INTO answered (name, op, request, data, boot) VALUES (?, ?, ?, ?, ?)"
        connection.executemany(query, rows)
        connection.execute(
            "DELETE FROM answered WHERE id NOT IN (SELECT id FROM answered ORDER BY id DESC LIMIT ?)", (REMEMBERED,)
        )


def _read(row: tuple[object, ...]) -> CompletedCommand | None:
    name, op, request, data, boot = map(str, row)
    try:
        command, answer = read_request(op, request.encode()), json.loads(data)
        if command.request.transaction != name or not isinstance(answer, dict):
            raise ValueError("its parts do not fit together")
    except (RequestError, ValueError) as error:
        _log.error("the stored response to command %s is damaged and dropped: %s", name, error)
        return None
    return CompletedCommand(command, answer, boot)
