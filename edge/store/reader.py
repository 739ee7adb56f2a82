"""Reading the timeline while another process writes it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

_BUSY_S = 2.0


class TimelineReader:
    """A read-only view; every call opens the file anew, so it follows one that was moved aside and begun again.

    A file that is not there yet reads as empty. Safe from any thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def latest(self, kind: str) -> dict[str, Any] | None:
        """The newest record of `kind`, None when there is none."""
        found = self._read("SELECT record FROM record WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,))
        return found[0] if found else None

    def between(self, kind: str, since_wall_s: float, until_wall_s: float) -> list[dict[str, Any]]:
        """The records of `kind` with since <= `wall_s` < until (Unix seconds), oldest first."""
        return self._read(
            "SELECT record FROM record WHERE kind = ? AND wall_s >= ? AND wall_s < ? ORDER BY wall_s, id",
            (kind, since_wall_s, until_wall_s),
        )

    def sums(
        self, columns: str, kind: str, since_wall_s: float, until_wall_s: float, tail: str = ""
    ) -> list[tuple[Any, ...]]:
        """`columns` of the records that `between` would return, for what would be slow outside SQL.

        `columns` and `tail` (GROUP BY, ORDER BY) are SQL in terms of `wall_s` (Unix seconds) and `record` (JSON text).
        """
        query = f"SELECT {columns} FROM record WHERE kind = ? AND wall_s >= ? AND wall_s < ? {tail}"
        return self._rows(query, (kind, since_wall_s, until_wall_s))

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if not self._path.is_file():
            return []
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'record'").fetchone():
                return []  # its writer is just creating it
            return connection.execute(query, values).fetchall()

    def _read(self, query: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        return [json.loads(text) for (text,) in self._rows(query, values)]
