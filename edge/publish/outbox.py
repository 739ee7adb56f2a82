"""The outbox: every alert and summary is on disk before it is sent, and stays until the broker has it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge.database import open_database

_log = logging.getLogger(__name__)

MOST_ROWS = 20_000
MOST_BYTES = 32 << 20
"""More than two weeks without a broker for a bus that raises 50 steps of alerts an hour, at up to 1600 bytes each."""
_MOST_UNSAVED = 1000

_SCHEMA = """
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
CREATE TABLE IF NOT EXISTS evicted (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that waits: `seq` rises by one with each, for ever, so a gap at a reader is a loss."""

    seq: int
    name: str
    rank: int
    path: str
    payload: str
    bytes: int
    boot: str
    put_mono_s: float


_COLUMNS = "seq, name, rank, path, payload, bytes, boot, put_mono_s"


class Outbox:
    """A bounded queue on disk, safe from any thread; a commit is on the medium when `put` returns.

    When the disk refuses, the message waits in memory instead (a bounded number), goes out like any other, and is
    written as soon as the disk takes it; the log says so once.
    """

    def __init__(self, path: Path, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> None:
        self._path, self._most_rows, self._most_bytes = path, most_rows, most_bytes
        self._lock = threading.Lock()
        self._unsaved: list[Entry] = []
        self._connection = open_database(path, _SCHEMA, synchronous="FULL")
        self._evicted: dict[str, int] = dict(self._connection.execute("SELECT name, count FROM evicted").fetchall())
        self._rows: int
        self._bytes: int
        self._rows, self._bytes = self._connection.execute(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM outbox"
        ).fetchone()
        (self._last_seq,) = self._connection.execute(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
        ).fetchone()

    @property
    def rows(self) -> int:
        """Messages waiting."""
        return self._rows + len(self._unsaved)

    @property
    def bytes(self) -> int:
        """Bytes of the payloads waiting on disk."""
        return self._bytes

    @property
    def evicted(self) -> dict[str, int]:
        """Messages given up since the outbox was made, by topic."""
        return dict(self._evicted)

    def put(self, name: str, rank: int, path: str, payload: str, boot: str, put_mono_s: float) -> int:
        """Keep a message and return its number; the lowest rank's oldest make room for it where that is needed."""
        with self._lock:
            self._last_seq += 1
            size = len(payload.encode())
            entry = Entry(self._last_seq, name, rank, path, payload, size, boot, put_mono_s)
            try:
                self._save([*self._unsaved, entry])
            except sqlite3.Error as error:
                self._keep_in_memory(entry, error)
                return entry.seq
            if self._unsaved:
                _log.warning("%s can be written again", self._path)
                self._unsaved = []
            return entry.seq

    def pending(self, after_seq: int, most: int) -> list[Entry]:
        """The oldest messages with a number above `after_seq`, in order."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, most)
            )
            saved = [Entry(*row) for row in rows]
            return sorted([*saved, *(e for e in self._unsaved if e.seq > after_seq)], key=lambda e: e.seq)[:most]

    def acknowledge(self, seqs: Iterable[int]) -> None:
        """Forget messages that the broker has; a number that is gone already is no error."""
        done = set(seqs)
        with self._lock:
            self._unsaved = [entry for entry in self._unsaved if entry.seq not in done]
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                freed = [size for seq in done for size in self._delete(seq)]
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:  # they will be sent again, and readers know them by their id
                self._roll_back()
                _log.warning("%s: delivered messages could not be removed: %s", self._path, error)
                return
            self._rows -= len(freed)
            self._bytes -= sum(freed)

    def close(self) -> None:
        """Close the file; what waits is still there at the next start."""
        with self._lock:
            self._connection.close()

    def _save(self, entries: list[Entry]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                f"INSERT INTO outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(e.seq, e.name, e.rank, e.path, e.payload, e.bytes, e.boot, e.put_mono_s) for e in entries],
            )
            given_up = self._make_room(self._rows + len(entries), self._bytes + sum(e.bytes for e in entries))
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._rows += len(entries) - len(given_up)
        self._bytes += sum(e.bytes for e in entries) - sum(size for _, size in given_up)
        for name, _ in given_up:
            if name not in self._evicted:
                _log.error("%s is full: the oldest messages are given up, `%s` first", self._path, name)
            self._evicted[name] = self._evicted.get(name, 0) + 1

    def _make_room(self, rows: int, size: int) -> list[tuple[str, int]]:
        """Delete until the bounds hold, inside the transaction; return name and bytes of each one given up."""
        given_up: list[tuple[str, int]] = []
        while rows > self._most_rows or size > self._most_bytes:
            seq, name = self._connection.execute("SELECT seq, name FROM outbox ORDER BY rank, seq LIMIT 1").fetchone()
            (freed,) = self._delete(seq)
            self._connection.execute(
                "INSERT INTO evicted VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1", (name,)
            )
            given_up.append((name, freed))
            rows, size = rows - 1, size - freed
        return given_up

    def _keep_in_memory(self, entry: Entry, error: sqlite3.Error) -> None:
        if not self._unsaved:
            _log.error("%s cannot be written (%s): messages wait in memory; free space there", self._path, error)
        self._unsaved.append(entry)
        for lost in self._unsaved[:-_MOST_UNSAVED]:
            self._evicted[lost.name] = self._evicted.get(lost.name, 0) + 1
        self._unsaved = self._unsaved[-_MOST_UNSAVED:]

    def _delete(self, seq: int) -> list[int]:
        """Delete one message; return its bytes, nothing when it is gone already."""
        rows = self._connection.execute("DELETE FROM outbox WHERE seq = ? RETURNING bytes", (seq,)).fetchall()
        return [int(size) for (size,) in rows]

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
