"""Reads the timeline while another process writes it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.database import readable
from edge.store.timeline import VERSION

_BUSY_S = 2.0
_CHUNK_ROWS = 20_000
"""Read at once of a long stretch: 0.1 s, and 5 MB of the daemon's memory that it cannot give back meanwhile."""
_HOUR_S = 3600.0
_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'record'"

_REGULAR = ("fatigue", "face", "group", "summary", "source", "affect")
"""Kinds of which at least one comes regularly in every purpose."""

_ON_THE_WALL = """
SELECT record.id AS id, session.wall_s + record.t_s AS wall_s, session.wall_s AS begun_s, record.record AS record
FROM session CROSS JOIN record ON record.session = session.id
WHERE record.kind = :kind AND session.wall_s < :until
AND record.t_s >= :since - session.wall_s AND record.t_s < :until - session.wall_s
"""
"""The records of a kind between two wall times: one search of the index a session."""

_NEWEST = """
SELECT record.id, session.wall_s + record.t_s, session.wall_s, record.record
FROM record JOIN session ON session.id = record.session
WHERE record.kind = :kind AND json_valid(record.record)
ORDER BY record.session DESC, record.t_s DESC, record.id DESC LIMIT 1
"""
"""By arrival, so the newest record stays the newest when the wall clock was set back."""

_SESSIONS_BETWEEN = """
SELECT id, wall_s FROM session
WHERE wall_s < :until AND EXISTS (SELECT 1 FROM record WHERE session = session.id AND kind = :kind)
ORDER BY wall_s, id
"""
"""The runs that may have records of a kind before a wall time, by when they began."""

_OF_RUN = "(SELECT MAX(t_s) FROM record WHERE record.session = session.id AND kind = '{kind}')"
_LAST = ", ".join(f"COALESCE({_OF_RUN.format(kind=kind)}, 0)" for kind in _REGULAR)
_RUNS = f"""
SELECT wall_s, wall_s + last_s FROM (
    SELECT wall_s, MAX({_LAST}) AS last_s FROM session
) WHERE wall_s < :until AND wall_s + last_s > :since ORDER BY wall_s
"""
"""When the runs began that touch a stretch of time, and the time of the last message of each: by the index."""

_CHUNK = """
SELECT id, t_s, CASE WHEN json_valid(record) THEN json_extract(record, '$.kind', {paths}) END FROM record
WHERE kind = :kind AND session = :session AND (t_s, id) > (:t_s, :id) AND t_s < :until
ORDER BY t_s, id LIMIT :count
"""
"""What stands at JSON paths in the next records of one run, in order of time; NULL for a damaged one."""


class TimelineReader:
    """A read-only view; every call opens the file again, so it follows a file that was replaced.

    A missing file, and a file of another version, read as empty. A row with damaged JSON (a flipped bit on the card) is
    skipped and counted. Safe from any thread.
    `sqlite3.Error`: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unreadable: set[int] = set()

    @property
    def unreadable(self) -> int:
        """How many damaged rows were found so far, each counted once."""
        return len(self._unreadable)

    def foreign_version(self) -> int | None:
        """The schema version of a file of another program version, which reads as empty; else None."""
        with self._connection() as connection:
            if connection is None:
                return None
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            there = connection.execute(_TABLE).fetchone()
            return None if version == VERSION or not there else int(version)

    def latest(self, kind: str) -> dict[str, Any] | None:
        """The newest record of `kind`, None when there is none."""
        found = self._records(_NEWEST, {"kind": kind})
        return found[0] if found else None

    def between(self, kind: str, since_wall_s: float, until_wall_s: float) -> list[dict[str, Any]]:
        """The records of `kind` with since <= `wall_s` < until (Unix seconds), oldest first."""
        query = f"{_ON_THE_WALL} ORDER BY session.wall_s + record.t_s, record.id"
        return self._records(query, {"kind": kind, "since": since_wall_s, "until": until_wall_s})

    def stream(
        self, kind: str, since_wall_s: float, until_wall_s: float, paths: Sequence[str]
    ) -> Iterator[tuple[float, float, list[Any]]]:
        """The fields at `paths` (JSON: $.level) of the records that `between` would return, run after run.

        With each the Unix time of its run's `t_s` 0 and its `t_s`. They are read in pieces, so that months need no
        more memory than a day, and the writer can work between two pieces.
        """
        for session, begun_s in self._rows(_SESSIONS_BETWEEN, {"kind": kind, "until": until_wall_s}):
            for t_s, values in self._run(kind, session, since_wall_s - begun_s, until_wall_s - begun_s, paths):
                yield begun_s, t_s, values

    def _run(
        self, kind: str, session: int, since_s: float, until_s: float, paths: Sequence[str]
    ) -> Iterator[tuple[float, list[Any]]]:
        """Of one run, between times since it began."""
        query = _CHUNK.format(paths=", ".join(map(repr, paths)))
        place = {"kind": kind, "session": session, "until": until_s, "count": _CHUNK_ROWS}
        t_s, number, more = since_s, -1, True
        while more and (rows := self._rows(query, {**place, "t_s": t_s, "id": number})):
            number, t_s, _ = rows[-1]
            more = len(rows) == _CHUNK_ROWS
            self._unreadable.update(row[0] for row in rows if row[2] is None)
            whole = [row for row in rows if row[2] is not None]
            found = json.loads(f"[{','.join(text for *_, text in whole)}]")
            yield from ((row[1], values[1:]) for row, values in zip(whole, found, strict=True))

    def counts(
        self, kind: str, since_wall_s: float, until_wall_s: float, paths: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """The different values at `paths` among the records that `between` would return, each time with their count.

        Counted hour by hour, so that the writer can work between two of them.
        """
        columns = ", ".join(f"json_extract(record, {path!r})" for path in paths)
        groups = ", ".join(str(number + 1) for number in range(len(paths)))
        runs = self.runs(since_wall_s, until_wall_s)
        hours = {n for begun_s, last_s in runs for n in range(int(begun_s // _HOUR_S), int(last_s // _HOUR_S) + 1)}
        for hour in sorted(hours):
            start_s, end_s = max(hour * _HOUR_S, since_wall_s), min((hour + 1) * _HOUR_S, until_wall_s)
            yield from self.sums(f"{columns}, COUNT(*)", kind, start_s, end_s, f"GROUP BY {groups}")

    def runs(self, since_wall_s: float, until_wall_s: float) -> list[tuple[float, float]]:
        """The begin and the last message of each run that touches the stretch, in Unix seconds, oldest first."""
        return [(begun, last) for begun, last in self._rows(_RUNS, {"since": since_wall_s, "until": until_wall_s})]

    def sums(
        self, columns: str, kind: str, since_wall_s: float, until_wall_s: float, tail: str = ""
    ) -> list[tuple[Any, ...]]:
        """`columns` of the records that `between` would return, for aggregates that are slow outside SQL.

        `columns` and `tail` (GROUP BY, ORDER BY) are SQL in terms of `wall_s` (Unix seconds) and `record` (JSON text).
        """
        values = {"kind": kind, "since": since_wall_s, "until": until_wall_s}
        try:
            return self._rows(f"SELECT {columns} FROM ({_ON_THE_WALL}) {tail}", values)
        except sqlite3.OperationalError as error:
            if "malformed JSON" not in str(error):
                raise
        damaged = self._rows(f"SELECT id FROM ({_ON_THE_WALL}) WHERE NOT json_valid(record)", values)
        self._unreadable.update(number for (number,) in damaged)
        return self._rows(f"SELECT {columns} FROM ({_ON_THE_WALL}) WHERE json_valid(record) {tail}", values)

    def _rows(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Of this version's records only; nothing while the writer is just creating them."""
        with self._connection() as connection:
            if connection is None or connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
                return []
            there = connection.execute(_TABLE).fetchone()
            return connection.execute(query, values).fetchall() if there else []

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection | None]:
        """None where there is no file."""
        if not self._path.is_file():
            yield None
            return
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as connection:
            connection.text_factory = readable
            yield connection

    def _records(self, query: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        rows = self._rows(query, values)
        try:
            records = json.loads(f"[{','.join(text for *_, text in rows)}]")
            return [_placed(record, *times) for (_, *times, _), record in zip(rows, records, strict=True)]
        except (ValueError, TypeError):  # one of them is damaged: each by itself
            return [record for row in rows if (record := self._record(*row)) is not None]

    def _record(self, number: int, wall_s: float, begun_s: float, text: str) -> dict[str, Any] | None:
        try:
            return _placed(json.loads(text), wall_s, begun_s)
        except (ValueError, TypeError):
            self._unreadable.add(number)
            return None


def _placed(record: dict[str, Any], wall_s: float, begun_s: float) -> dict[str, Any]:
    """The record with its wall time, and that of its run's `t_s` 0. TypeError: it is none."""
    return record | {"wall_s": round(wall_s, 3), "begun_s": begun_s}
