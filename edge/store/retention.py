"""Keeps the timeline within its bounds: deletes old records by age, the oldest telemetry first by size and disk space.

A batch at a time, while records are written, so that no alert waits for it.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from pathlib import Path

from edge.config.delivery import StoreConfig
from edge.database import Database, StoreEvents
from edge.i18n.texts import Sentence

LASTING = ("alert", "summary", "source", "trip", "warned")
"""Kinds that are not telemetry: few, small, and needed afterwards."""
_BATCH_ROWS = 5000
"""Rows deleted in one transaction: some 30 ms, so that writers do not wait long."""
_DAY_S = 86_400.0
_MB = 1_000_000

_LASTING = ", ".join(f"'{kind}'" for kind in LASTING)
_ORDER = (f"kind NOT IN ({_LASTING})", "kind IN ('summary', 'source', 'trip', 'warned')", "kind = 'alert'")
"""The order of deletion, as SQL."""


_EVERY_S = 60.0
"""How often the limits are checked."""
_BUSY_EVERY_S = 2.0
"""How often while more must be deleted."""


_log = logging.getLogger(__name__)


class Housekeeping:
    """Used by the timeline's writing thread."""

    def __init__(self, database: Database, config: StoreConfig, events: StoreEvents) -> None:
        self.disk_low = False
        """Whether the disk has less free space than configured."""
        self._database, self._config, self._store_events = database, config, events
        self._due_s = float("-inf")

    def due(self, now_s: float) -> bool:
        """Whether the limits are due for a check."""
        return now_s >= self._due_s

    def turn(self, now_s: float, wall_s: float | None) -> None:
        """Delete at most one batch by each rule; with `wall_s` None no record counts as old."""
        try:
            gone = self._database.write(lambda connection: self._give_up(connection, wall_s))
            give_back(self._database.connection())
        except (sqlite3.Error, OSError) as error:
            if not self._store_events.is_lost:
                _log.warning("%s: old records stay: %s", self._database.path, error)
            gone = 0
        self._due_s = now_s + (_BUSY_EVERY_S if gone else _EVERY_S)

    def _give_up(self, connection: sqlite3.Connection, wall_s: float | None) -> int:
        old = by_age(connection, wall_s, self._config) if wall_s is not None else 0
        large = by_size(connection, self._config)
        path = self._database.path
        low = disk_low(path, self._config)
        if low and not self.disk_low:
            self._store_events.lost(Sentence("disk_nearly_full", file=str(path)))
        self.disk_low = low
        return old + large + for_the_disk(connection, path, self._config)


def by_age(connection: sqlite3.Connection, now_wall_s: float, config: StoreConfig) -> int:
    """Delete a batch of records that are too old; a record of unknown time is as old as the next one of known time."""
    oldest_s = now_wall_s - config.retention_days * _DAY_S
    rows = connection.execute(
        "SELECT record.id, session.wall_s + record.t_s FROM record JOIN session ON session.id = record.session "
        "WHERE session.clock <> 'unsynced' ORDER BY record.id LIMIT ?",
        (_BATCH_ROWS,),
    )
    last = None
    for number, wall_s in rows:
        if wall_s >= oldest_s:
            break
        last = number
    if last is None:
        return 0
    gone = connection.execute("DELETE FROM record WHERE id <= ?", (last,)).rowcount
    connection.execute("DELETE FROM session WHERE id < (SELECT session FROM record ORDER BY id LIMIT 1)")
    return gone


def by_size(connection: sqlite3.Connection, config: StoreConfig) -> int:
    """Delete a batch when the records take more than they may: telemetry, then summaries, then alerts."""
    if used_bytes(connection) <= config.most_mb * _MB:
        return 0
    for condition in _ORDER:
        if gone := _oldest(connection, condition):
            return gone
    return 0


def for_the_disk(connection: sqlite3.Connection, path: Path, config: StoreConfig) -> int:
    """Delete a batch of telemetry when the disk is low; alerts and summaries are too small to save a disk."""
    return _oldest(connection, _ORDER[0]) if disk_low(path, config) else 0


def disk_low(path: Path, config: StoreConfig) -> bool:
    """Whether the disk of `path` has less free space than configured."""
    disk = shutil.disk_usage(path.parent)
    return disk.free < max(config.least_free_mb * _MB, config.least_free_share * disk.total)


def used_bytes(connection: sqlite3.Connection) -> int:
    """Size of the file without its free pages."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def give_back(connection: sqlite3.Connection) -> None:
    """Return free pages to the disk and empty the write-ahead log; outside a transaction.

    It does not wait for a long reader; the log is then emptied another time.
    """
    connection.execute(f"PRAGMA incremental_vacuum({_BATCH_ROWS})").fetchall()
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")


def _oldest(connection: sqlite3.Connection, condition: str) -> int:
    return connection.execute(
        f"DELETE FROM record WHERE id IN (SELECT id FROM record WHERE {condition} ORDER BY id LIMIT ?)", (_BATCH_ROWS,)
    ).rowcount
