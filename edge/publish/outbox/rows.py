"""The tables of the outbox, and what is read of a file when it is opened: counts, and the rows of a damaged one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
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


def measured(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many messages wait, and the bytes of their payloads."""
    rows, size = connection.execute(f"SELECT count(*), coalesce(sum({BYTES}), 0) FROM outbox").fetchone()
    return rows, size


def count_evicted(connection: sqlite3.Connection, name: str) -> None:
    """Count an evicted message of this topic, permanently."""
    connection.execute("INSERT INTO evicted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1", (name,))


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
