"""The orders that were carried out, with their answers, on disk: said again after a restart, none is done again."""

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
from edge.i18n.sentence import Sentence
from edge.messages import Source
from edge.publish.commands.requests import Command, RequestError, read_request

_log = logging.getLogger(__name__)

REMEMBERED = 256
"""Transactions whose answers are kept."""
_ONLY_READS: frozenset[Op] = frozenset({"report"})
"""Doing it again changes nothing, and its answer tells of the moment: it is not written down."""
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
    """An order with a transaction that was carried out."""

    command: Command
    data: Mapping[str, Any]
    """The answer."""
    boot: str
    """The run that carried it out."""


class IdempotencyLog:
    """The last `REMEMBERED` of them; used by one thread.

    What the disk refuses waits in memory and is written as soon as the disk takes it; `news` tells that.
    """

    def __init__(self, path: Path) -> None:
        self._news = StoreEvents("orders")
        self._unsaved: deque[CompletedCommand] = deque(maxlen=REMEMBERED)
        self._database = Database(path, _SCHEMA, "FULL", self._news, lambda _: None)

    def load(self) -> list[CompletedCommand]:
        """Those of the runs before, oldest first; none where the file cannot be read."""
        query = (
            f"SELECT name, op, request, data, boot FROM (SELECT * FROM answered ORDER BY id DESC LIMIT {REMEMBERED})"
        )
        try:
            rows = self._database.read(f"{query} ORDER BY id")
        except (sqlite3.Error, OSError) as error:
            self._news.lost(Sentence("answers_unreadable", file=str(self._database.path), error=str(error)))
            return []
        return [done for row in rows if (done := _read(row)) is not None]

    def keep(self, done: CompletedCommand) -> None:
        """Remember an order; it is written by the next `save`."""
        if done.command.op not in _ONLY_READS:
            self._unsaved.append(done)

    def save(self) -> None:
        """Write what waits; to be called again and again."""
        if not self._unsaved and not self._news.is_lost:
            return
        try:
            self._database.write(self._write)
        except (sqlite3.Error, OSError) as error:
            path = self._database.path
            self._news.lost(Sentence("answers_unwritable", file=str(path), error=str(error)))
            return
        self._unsaved.clear()
        self._news.works()

    def news(self, t_s: float) -> list[Source]:
        """What there is to tell about the file since the last call, stamped with `t_s`."""
        return self._news.take(t_s)

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
        _log.error("the answer to order %s is damaged and forgotten: %s", name, error)
        return None
    return CompletedCommand(command, answer, boot)
