"""The tables of the outbox, the changes of its rows, and what is read of a file when it is opened."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from edge.run_registry import SESSIONS

SCHEMA = (
    SESSIONS
    + """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    rank INTEGER NOT NULL,
    path TEXT NOT NULL,
    payload TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    boot TEXT NOT NULL,
    put_mono_s REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_first_to_go ON outbox (rank, seq);
CREATE INDEX IF NOT EXISTS outbox_fresh ON outbox (rank, boot, put_mono_s);
CREATE TABLE IF NOT EXISTS evicted (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One waiting message; `seq` rises by one with each, across restarts, so a gap at a reader is a loss."""

    seq: int
    name: str
    rank: int
    path: str
    payload: str
    bytes: int
    boot: str
    """The run that added it (`Start.name`)."""
    put_mono_s: float


COLUMNS = "seq, name, rank, path, payload, bytes, boot, put_mono_s"
BYTES = "CAST(bytes AS INTEGER)"
"""A number even in a damaged row."""
_KINDS = (int, str, int, str, str, int, str, float)


def row_of(row: tuple[object, ...]) -> OutboxRow:
    """A row as read; a damaged value of the wrong type becomes empty or 0."""
    values = [value if isinstance(value, kind) else kind() for value, kind in zip(row, _KINDS, strict=True)]
    return OutboxRow(*values)  # type: ignore[arg-type]


def measured(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many messages wait, and the bytes of their payloads."""
    rows, size = connection.execute(f"SELECT count(*), coalesce(sum({BYTES}), 0) FROM outbox").fetchone()
    return rows, size


def count_evicted(connection: sqlite3.Connection, name: str) -> None:
    """Count an evicted message of this topic, permanently."""
    connection.execute("INSERT INTO evicted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1", (name,))


def insert(connection: sqlite3.Connection, entries: Iterable[OutboxRow]) -> None:
    """Add messages."""
    marks = ", ".join("?" * len(COLUMNS.split(",")))
    connection.executemany(f"INSERT INTO outbox ({COLUMNS}) VALUES ({marks})", [astuple(entry) for entry in entries])


def delete(connection: sqlite3.Connection, seqs: Iterable[int]) -> list[int]:
    """Delete messages; return the bytes of each deleted one."""
    query = f"DELETE FROM outbox WHERE seq = ? RETURNING {BYTES}"
    return [row[0] for s in seqs if (row := connection.execute(query, (s,)).fetchone())]


def make_room(
    connection: sqlite3.Connection, rows: int, size: int, most_rows: int, most_bytes: int
) -> list[tuple[str, int]]:
    """Delete the oldest of the lowest rank until the limits hold; return name and bytes of each deleted one."""
    given_up: list[tuple[str, int]] = []
    while rows > most_rows or size > most_bytes:
        seq, name, freed = connection.execute(
            f"SELECT seq, name, {BYTES} FROM outbox ORDER BY rank, seq LIMIT 1"
        ).fetchone()
        delete(connection, [seq])
        count_evicted(connection, name)
        given_up.append((name, freed))
        rows, size = rows - 1, size - freed
    return given_up


def last_seq(connection: sqlite3.Connection) -> int:
    """The highest `seq` ever used."""
    found = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return int(found[0])


def salvaged(damaged: Path) -> list[OutboxRow]:
    """The rows that can still be read of a damaged outbox, from both ends."""
    found: dict[int, OutboxRow] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error, TypeError, AttributeError, ValueError):  # the damaged part begins here
            for entry in _readable(damaged, order):
                found[entry.seq] = entry
    return [found[seq] for seq in sorted(found)]


def _readable(damaged: Path, order: str) -> Iterator[OutboxRow]:
    with contextlib.closing(sqlite3.connect(f"{damaged.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        for row in connection.execute(f"SELECT {COLUMNS} FROM outbox ORDER BY seq {order}"):
            entry = OutboxRow(*row)
            if entry.bytes == len(entry.payload.encode()) and json.loads(entry.payload) is not None:
                yield entry
