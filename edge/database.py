"""Opening an SQLite file that must survive power cuts: write-ahead log, checked, a damaged one moved aside."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import Literal

from edge.error import EmvasError

_log = logging.getLogger(__name__)

_BUSY_S = 5.0
"""How long a statement waits for another process's lock; the dashboard's reads last milliseconds."""
_SIDE_FILES = ("-wal", "-shm")


class DatabaseUnusableError(EmvasError):
    """A file that can neither be opened nor made; the message says which and what to do."""


def open_database(path: Path, schema: str, synchronous: Literal["NORMAL", "FULL"]) -> sqlite3.Connection:
    """Open `path` for writing, creating it and its folder, with `schema` applied (`CREATE ... IF NOT EXISTS`).

    A file that fails SQLite's quick check is renamed to `<name>.damaged-<unix time>` and a new one begun, which is
    said in the log. NORMAL keeps the file consistent through a power cut but may lose the last commits; FULL loses
    none (https://www.sqlite.org/pragma.html#pragma_synchronous).

    Raises:
        DatabaseUnusableError: the place is not writable or full, or another process holds the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _open(path, schema, synchronous)
    except (OSError, sqlite3.OperationalError) as error:  # locked, full, not permitted: the file itself is sound
        raise DatabaseUnusableError(
            f"{path} cannot be opened ({error}): is the folder writable, is there space, does another emvas use it?"
        ) from error
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000_000}")
        for suffix in ("", *_SIDE_FILES):
            side = Path(f"{path}{suffix}")
            if side.exists():
                side.rename(f"{aside}{suffix}")
        _log.error("%s is damaged (%s); it was moved to %s and a new one begun", path, error, aside.name)
        return _open(path, schema, synchronous)


def _open(path: Path, schema: str, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection
