"""The outbox: every alert and summary is on disk before it is sent, and stays until the broker has accepted it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from edge import run_registry
from edge.database import Database, StoreEvents
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.publish.outbox.rows import (
    COLUMNS,
    SCHEMA,
    OutboxRow,
    count_evicted,
    delete,
    insert,
    last_seq,
    make_room,
    measured,
    row_of,
    salvaged,
)
from edge.run_registry import Start

MOST_ROWS = 20_000
MOST_BYTES = 32 << 20
"""More than two weeks without a broker for a bus that raises 50 steps of alerts an hour, at up to 1600 bytes each."""
_MOST_UNSAVED = 1000
_ROOMY = 0.9
"""A full outbox is reported as recovered below this share of its limits."""


class Outbox:
    """A bounded queue on disk, safe from any thread; a commit is on the medium when `put` returns.

    If the disk fails, messages wait in memory (a bounded number; the oldest of the lowest rank are dropped first). They
    are sent like others and written as soon as the disk works. Messages on a disk that cannot be read wait until it can
    (`take_unread`). A damaged file is moved aside and its readable rows are kept. `take_reports` returns the reports
    about all of this.
    """

    def __init__(self, path: Path, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> None:
        self._most_rows, self._most_bytes = most_rows, most_bytes
        self._lock = threading.Lock()
        self._store_events = StoreEvents("outbox")
        self._unsaved: list[OutboxRow] = []
        self._delivered: set[int] = set()
        self._evicted: dict[str, int] = {}
        self._unsaved_evicted: dict[str, int] = {}
        self._corrected: dict[str, float] = {}
        self._rows = self._bytes = self._last_seq = 0
        self._readable, self._unread = True, False
        self._start: Start | None = None
        self._database = Database(path, SCHEMA, "FULL", self._store_events, self._opened)
        self._flush()

    @property
    def rows(self) -> int:
        """Messages waiting."""
        return self._rows + len(self._unsaved) - len(self._delivered)

    @property
    def bytes(self) -> int:
        """Bytes of the payloads waiting on disk."""
        return self._bytes

    @property
    def evicted(self) -> dict[str, int]:
        """Messages evicted since the outbox was created, by topic."""
        lost = dict(self._evicted)
        for name, count in self._unsaved_evicted.items():
            lost[name] = lost.get(name, 0) + count
        return lost

    @property
    def corrected(self) -> dict[str, float]:
        """The correct Unix time at `t_s` 0 of runs that began before the clock was synchronized, by name."""
        return self._corrected

    def begin(self, start: Start) -> None:
        """Note the run that adds messages from now on."""
        with self._lock:
            self._start = start
            self._try_write(self._note_start)

    def set_right(self, boot: str, offset_s: float) -> None:
        """The clock is synchronized now: correct the runs of this kernel (`edge.run_registry.set_right`)."""

        def correct(connection: sqlite3.Connection) -> None:
            run_registry.set_right(connection, boot, offset_s)
            self._corrected = run_registry.corrected(connection) | self._corrected

        with self._lock:
            if self._start is not None and self._start.boot == boot and self._start.clock == "unsynced":
                wall_s = self._start.mono_s + offset_s  # known even if the disk fails
                self._start = Start(self._start.name, boot, self._start.mono_s, wall_s, "corrected")
                self._corrected = {**self._corrected, self._start.name: wall_s}
            self._try_write(correct)

    def put(self, name: str, rank: int, path: str, payload: str, boot: str, put_mono_s: float) -> int:
        """Store a message and return its `seq`; if the outbox is full, the oldest of the lowest rank are evicted."""
        with self._lock:
            self._last_seq += 1
            self._unsaved.append(
                OutboxRow(self._last_seq, name, rank, path, payload, len(payload.encode()), boot, put_mono_s)
            )
            seq = self._last_seq
            self._flush()
            return seq

    def pending(self, after_seq: int, most: int, without: Collection[str] = ()) -> list[OutboxRow]:
        """The oldest messages after `after_seq`, in order, except those of some topics."""
        with self._lock:
            others = ", ".join("?" * len(without))
            query = f"SELECT {COLUMNS} FROM outbox WHERE seq > ? AND path NOT IN ({others}) ORDER BY seq LIMIT ?"
            values = (after_seq, *without, most + len(self._delivered))
            return self._merged(query, values, lambda row: row.seq > after_seq and row.path not in without)[:most]

    def oldest(self, path: str) -> OutboxRow | None:
        """The oldest message of this topic. sqlite3.Error: the disk cannot be read now."""
        with self._lock:
            query = f"SELECT {COLUMNS} FROM outbox WHERE path = ? ORDER BY seq LIMIT ?"
            rows = self._read(query, (path, 1 + len(self._delivered)))
            saved = [entry for row in rows if (entry := row_of(row)).seq not in self._delivered]
            waiting = [*saved[:1], *(entry for entry in self._unsaved if entry.path == path)]
            return min(waiting, key=lambda entry: entry.seq, default=None)

    def fresh(
        self, rank: int, boot: str, since_mono_s: float, after_seq: int, most: int, without: Collection[str] = ()
    ) -> list[OutboxRow]:
        """The oldest messages of this rank that the run `boot` added since then, like `pending`.

        None is left out before the last one returned, so that the caller can send them in order.
        """
        with self._lock:

            def suits(entry: OutboxRow) -> bool:
                is_of_run = (entry.rank, entry.boot) == (rank, boot) and entry.put_mono_s >= since_mono_s
                return is_of_run and entry.seq > after_seq and entry.path not in without

            others = ", ".join("?" * len(without))
            query = (
                f"SELECT {COLUMNS} FROM outbox WHERE rank = ? AND boot = ? AND put_mono_s >= ? AND seq > ? "
                f"AND path NOT IN ({others}) ORDER BY put_mono_s, seq LIMIT ?"
            )
            values = (rank, boot, since_mono_s, after_seq, *without, most + len(self._delivered))
            return self._merged(query, values, suits)[:most]

    def rows_before(self, seq: int, most: int) -> int:
        """How many messages with a lower `seq` wait, counted up to `most`."""
        with self._lock:
            rows: list[tuple[object, ...]] = []
            with contextlib.suppress(sqlite3.Error):  # then those in memory count
                rows = self._read("SELECT seq FROM outbox WHERE seq < ? LIMIT ?", (seq, most))
            return len(rows) + sum(entry.seq < seq for entry in self._unsaved)

    def take_unread(self) -> bool:
        """Whether messages on disk may have been left out since the last call, because they could not be read."""
        with self._lock:
            unread, self._unread = self._unread, False
            return unread

    def _merged(self, query: str, values: tuple[object, ...], suits: Callable[[OutboxRow], bool]) -> list[OutboxRow]:
        """The rows of a query and those in memory, as far as they suit and are not delivered, in order of `seq`."""
        rows: list[tuple[object, ...]] = []
        with contextlib.suppress(sqlite3.Error):  # messages in memory must be sent even so
            rows = self._read(query, values)
        saved = [row_of(row) for row in rows]
        free = [entry for entry in saved if entry.seq not in self._delivered and suits(entry)]
        waiting = [entry for entry in self._unsaved if suits(entry)]
        return sorted([*free, *waiting], key=lambda entry: entry.seq)

    def _read(self, query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        """The rows of a query. sqlite3.Error: the disk cannot be read now; it is reported and noted."""
        try:
            rows = self._database.read(query, values)
        except sqlite3.Error as error:
            self._readable, self._unread = False, True
            self._store_events.lost(Sentence("outbox_unreadable", file=str(self._database.path), error=str(error)))
            raise
        self._readable = True
        return rows

    def acknowledge(self, seqs: Iterable[int]) -> None:
        """Delete messages that the broker has accepted; an unknown `seq` is ignored."""
        with self._lock:
            done = set(seqs)
            in_memory = {entry.seq for entry in self._unsaved}
            self._unsaved = [entry for entry in self._unsaved if entry.seq not in done]
            self._delivered |= done - in_memory
            self._flush()

    def give_up(self, entry: OutboxRow) -> None:
        """Delete a message that can never be sent."""
        self.acknowledge([entry.seq])
        with self._lock:
            self._evicted[entry.name] = self._evicted.get(entry.name, 0) + 1
            self._try_write(lambda connection: count_evicted(connection, entry.name))

    def mend(self) -> None:
        """Retry what the disk refused; called at every turn of the publisher."""
        with self._lock:
            if not self._readable:
                with contextlib.suppress(sqlite3.Error):  # reported already
                    self._read("SELECT seq FROM outbox LIMIT 1", ())
            if self._store_events.is_lost:
                self._flush()

    def take_reports(self, t_s: float) -> list[Source]:
        """Reports about the outbox since the last call."""
        return self._store_events.take(t_s)

    def close(self) -> None:
        """Close the file; waiting messages are kept for the next start."""
        with self._lock:
            self._flush()
            self._database.close()

    def _opened(self, connection: sqlite3.Connection) -> None:
        if self._database.aside is not None:
            known = {entry.seq for entry in self._unsaved} | self._delivered
            kept = [entry for entry in salvaged(self._database.aside) if entry.seq not in known]
            self._unsaved = sorted([*self._unsaved, *kept], key=lambda entry: entry.seq)
            self._database.aside = None
            self._last_seq = max([self._last_seq, *(entry.seq for entry in kept)])
        self._rows, self._bytes = measured(connection)
        self._last_seq = max(self._last_seq, last_seq(connection))
        self._evicted = dict(connection.execute("SELECT name, count FROM evicted").fetchall())
        if self._start is not None:
            self._note_start(connection)
        self._corrected = run_registry.corrected(connection) | self._corrected

    def _note_start(self, connection: sqlite3.Connection) -> None:
        assert self._start is not None
        connection.execute("DELETE FROM session WHERE name NOT IN (SELECT boot FROM outbox)")
        run_registry.begin(connection, self._start)

    def _try_write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            self._database.write(work)
        except sqlite3.Error as error:
            self._store_events.lost(Sentence("outbox_unwritable", file=str(self._database.path), error=str(error)))

    def _flush(self) -> None:
        """Write the messages in memory and delete the delivered ones; retried next time if the disk fails."""
        try:
            self._rows, self._bytes, given_up = self._database.write(self._exchange)
        except sqlite3.Error as error:
            self._store_events.lost(Sentence("outbox_unwritable", file=str(self._database.path), error=str(error)))
            self._bound_memory()
            return
        self._unsaved, self._delivered = [], set()
        for name in given_up:
            self._evicted[name] = self._evicted.get(name, 0) + 1
        if given_up:
            self._store_events.lost(Sentence("outbox_full", topic=given_up[0]))
        elif self._store_events.is_lost and self._is_roomy():
            self._store_events.works(Sentence("outbox_given_up", count=sum(self.evicted.values())))

    def _is_roomy(self) -> bool:
        in_bounds = self._rows < _ROOMY * self._most_rows and self._bytes < _ROOMY * self._most_bytes
        return in_bounds and self._readable and self._database.has_room

    def _exchange(self, connection: sqlite3.Connection) -> tuple[int, int, list[str]]:
        """Return the new rows and bytes, and the names of evicted messages; changes no counter.

        The commit may fail; then everything is rolled back and retried.
        """
        freed = delete(connection, self._delivered)
        insert(connection, self._unsaved)
        rows = self._rows + len(self._unsaved) - len(freed)
        size = self._bytes + sum(entry.bytes for entry in self._unsaved) - sum(freed)
        given_up = make_room(connection, rows, size, self._most_rows, self._most_bytes)
        return rows - len(given_up), size - sum(size for _, size in given_up), [name for name, _ in given_up]

    def _bound_memory(self) -> None:
        while len(self._unsaved) > _MOST_UNSAVED:
            lost = min(self._unsaved, key=lambda entry: (entry.rank, entry.seq))
            self._unsaved.remove(lost)
            self._unsaved_evicted[lost.name] = self._unsaved_evicted.get(lost.name, 0) + 1
