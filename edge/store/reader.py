"""Reading the timeline while another process writes it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.database import readable
from edge.store.schema import NEWEST, ON_THE_WALL, VERSION

_BUSY_S = 2.0
_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'record'"


class TimelineReader:
    """A read-only view; every call opens the file anew, so it follows one that was moved aside and begun again.

    A file that is not there yet, or that the daemon has not yet replaced by one of its own version, reads as empty.
    A row whose JSON is damaged (a flipped bit on the card) is left out and counted. Safe from any thread.
    `sqlite3.Error`: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unreadable: set[int] = set()

    @property
    def unreadable(self) -> int:
        """How many damaged rows were met so far, each counted once."""
        return len(self._unreadable)

    def foreign_version(self) -> int | None:
        """The schema of a file that another version of the program wrote, and that so reads as empty; else None."""
        found = self._query("PRAGMA user_version", {})
        version = int(found[0][0]) if found else VERSION
        return None if version == VERSION or not self._query(_TABLE, {}) else version

    def latest(self, kind: str) -> dict[str, Any] | None:
        """The newest record of `kind`, None when there is none."""
        found = self._records(NEWEST, {"kind": kind})
        return found[0] if found else None

    def between(self, kind: str, since_wall_s: float, until_wall_s: float) -> list[dict[str, Any]]:
        """The records of `kind` with since <= `wall_s` < until (Unix seconds), oldest first."""
        query = f"{ON_THE_WALL} ORDER BY session.wall_s + record.t_s, record.id"
        return self._records(query, {"kind": kind, "since": since_wall_s, "until": until_wall_s})

    def sums(
        self, columns: str, kind: str, since_wall_s: float, until_wall_s: float, tail: str = ""
    ) -> list[tuple[Any, ...]]:
        """`columns` of the records that `between` would return, for what would be slow outside SQL.

        `columns` and `tail` (GROUP BY, ORDER BY) are SQL in terms of `wall_s` (Unix seconds) and `record` (JSON text).
        """
        values = {"kind": kind, "since": since_wall_s, "until": until_wall_s}
        try:
            return self._rows(f"SELECT {columns} FROM ({ON_THE_WALL}) {tail}", values)
        except sqlite3.OperationalError as error:
            if "malformed JSON" not in str(error):
                raise
        damaged = self._rows(f"SELECT id FROM ({ON_THE_WALL}) WHERE NOT json_valid(record)", values)
        self._unreadable.update(number for (number,) in damaged)
        return self._rows(f"SELECT {columns} FROM ({ON_THE_WALL}) WHERE json_valid(record) {tail}", values)

    def _rows(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Of this version's records only; nothing while the writer is just creating them."""
        if self._query("PRAGMA user_version", {}) != [(VERSION,)] or not self._query(_TABLE, {}):
            return []
        return self._query(query, values)

    def _query(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        if not self._path.is_file():
            return []
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as connection:
            connection.text_factory = readable
            return connection.execute(query, values).fetchall()

    def _records(self, query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        rows = self._rows(query, values)
        try:
            records = json.loads(f"[{','.join(text for *_, text in rows)}]")
            return [_placed(record, wall_s) for (_, wall_s, _), record in zip(rows, records, strict=True)]
        except (ValueError, TypeError):  # one of them is damaged: each by itself
            return [record for row in rows if (record := self._record(*row)) is not None]

    def _record(self, number: int, wall_s: float, text: str) -> dict[str, Any] | None:
        try:
            return _placed(json.loads(text), wall_s)
        except (ValueError, TypeError):
            self._unreadable.add(number)
            return None


def _placed(record: dict[str, Any], wall_s: float) -> dict[str, Any]:
    """The record with its wall time. TypeError: it is none."""
    return record | {"wall_s": round(wall_s, 3)}
