"""An SQLite file that survives power cuts, full disks and damage; the program goes on and reports what happened."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from edge.i18n.texts import Sentence
from edge.messages import Source

_log = logging.getLogger(__name__)

_MOST = 16
_BUSY_S = 5.0
"""How long a statement waits for the lock of another process; the dashboard's reads take milliseconds."""
_CHECK_S = 5.0
"""Longest check at opening; damage found later is handled by the statement that finds it."""
_CHECK_STEPS = 100_000
"""Instructions of SQLite's virtual machine between two checks of the time: about a millisecond."""
_WAL_BYTES = 4 << 20
"""The write-ahead log is cut to this after a long read has let it grow; SQLite empties it at 1000 pages."""
_MOST_ASIDE = 3
"""Damaged files that are kept for inspection; older ones are deleted, so that a bad card does not fill up."""
_DAMAGED_HEADER = "unsupported file format"
"""SQLite's OperationalError when the header names an unknown schema format: in a file of this program it is damage."""
_SIDE_FILES = ("-wal", "-shm")

_Answer = TypeVar("_Answer")


class StoreEvents:
    """Reports of a store about itself, kept until they are taken: one when it fails, one when it works again.

    Writers of a store must not be called back, so reports wait here. Safe from any thread.
    """

    def __init__(self, name: str) -> None:
        """`name` is the name in its `Source` messages."""
        self._name = name
        self._lost = False
        self._waiting: deque[Source] = deque(maxlen=_MOST)

    @property
    def is_lost(self) -> bool:
        """Whether the last report was a loss."""
        return self._lost

    def lost(self, detail: str) -> None:
        """The store does not work; reported once until it works again."""
        if not self._lost:
            self._lost = True
            self._waiting.append(Source(0.0, self._name, "lost", detail))

    def works(self, detail: str = "") -> None:
        """The store works; reported only after a loss."""
        if self._lost:
            self._lost = False
            self._waiting.append(Source(0.0, self._name, "ok", detail))

    def take(self, t_s: float) -> list[Source]:
        """The reports since the last call, with the timestamp `t_s`."""
        taken = []
        while self._waiting:
            source = self._waiting.popleft()
            taken.append(Source(t_s, source.source, source.state, source.detail))
        return taken


class Database:
    """One file, opened by the first `write` that finds it closed; it needs a lock for several threads.

    A damaged file or one with another layout is renamed to `<name>.damaged-<n>` or `<name>.version-<n>`, and a new one
    is created. `events` reports it.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        synchronous: Literal["NORMAL", "FULL"],
        events: StoreEvents,
        opened: Callable[[sqlite3.Connection], None],
        version: int = 0,
    ) -> None:
        """`schema` is `CREATE ... IF NOT EXISTS` only; `opened` is called in a transaction after each opening.

        NORMAL keeps the file consistent through a power cut but may lose the last commits; FULL loses none
        (https://www.sqlite.org/pragma.html#pragma_synchronous).
        """
        self.path = path
        self.aside: Path | None = None
        """The last file that was moved aside."""
        self._schema, self._synchronous, self._version = schema, synchronous, version
        self._store_events, self._opened = events, opened
        self._connection: sqlite3.Connection | None = None

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for more than a few rows; a full disk accepts single rows at times."""
        try:
            return shutil.disk_usage(self.path.parent).free >= _WAL_BYTES
        except OSError:
            return False

    def write(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Run `work` in one transaction; with FULL it is on the medium when this returns.

        Raises:
            sqlite3.Error: nothing was written; try again later. A damaged file has been replaced by then.
        """
        try:
            return self._transact(work)
        except sqlite3.OperationalError as error:
            if "full" not in str(error) or self._connection is None:
                raise
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the log's own room can be used again
        return self._transact(work)

    def read(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """The rows of a query. sqlite3.Error: they cannot be read now."""
        try:
            return self.connection().execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._replace_if_damaged(error)
            raise

    def connection(self) -> sqlite3.Connection:
        """The open file. sqlite3.Error: it cannot be opened now."""
        if self._connection is None:
            try:
                self._connection = self._open()
            except sqlite3.DatabaseError as error:
                if not self._replace_if_damaged(error):
                    raise
                self._connection = self._open()
        return self._connection

    def close(self) -> None:
        """Close the file; the next `write` opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transact(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        connection = self.connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            answer = work(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, sqlite3.DatabaseError):
                self._replace_if_damaged(error)
            raise
        return answer

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sqlite3.OperationalError(f"the folder cannot be made: {error.strerror}") from error
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        connection.text_factory = readable
        try:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
            _check(connection)
            self._set_version(connection)
            connection.executescript(self._schema)
            connection.execute("BEGIN IMMEDIATE")
            self._opened(connection)
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            connection.close()
            raise
        return connection

    def _set_version(self, connection: sqlite3.Connection) -> None:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found != self._version:
            if tables:
                raise OtherVersionError(f"its layout is {found}, this program's {self._version}")
            connection.execute(f"PRAGMA user_version={self._version}")

    def _replace_if_damaged(self, error: sqlite3.DatabaseError) -> bool:
        """Move a damaged file aside; a locked file, a full disk and missing permissions are not damage."""
        if type(error) not in {sqlite3.DatabaseError, OtherVersionError} and _DAMAGED_HEADER not in str(error):
            return False
        self.close()
        reason = "version" if isinstance(error, OtherVersionError) else "damaged"
        try:
            self.aside = _moved_aside(self.path, reason)
        except OSError as refused:  # a card that has turned read-only
            raise sqlite3.OperationalError(f"{error}, and it cannot be moved aside: {refused.strerror}") from error
        self._store_events.lost(
            Sentence("file_moved_aside", file=str(self.path), error=str(error), aside=self.aside.name)
        )
        return True


def readable(text: bytes) -> str:
    """Text as stored: a flipped bit that SQLite does not detect must not block all other rows."""
    return text.decode("utf-8", "replace")


class OtherVersionError(sqlite3.DatabaseError):
    """An undamaged file of another version of the program."""


def _check(connection: sqlite3.Connection) -> None:
    """SQLite's quick check within a time limit."""
    end_s = time.monotonic() + _CHECK_S
    connection.set_progress_handler(lambda: time.monotonic() > end_s, _CHECK_STEPS)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise sqlite3.DatabaseError(" ".join(verdict.split()))


def _moved_aside(path: Path, reason: str) -> Path:
    """Rename the file with its log, and delete the oldest renamed files."""
    before = sorted(path.parent.glob(f"{path.name}.{reason}-*[0-9]"), key=_number)
    aside = path.with_name(f"{path.name}.{reason}-{_number(before[-1]) + 1 if before else 1}")
    for old in before[: max(0, len(before) - _MOST_ASIDE + 1)]:
        for suffix in ("", *_SIDE_FILES):
            Path(f"{old}{suffix}").unlink(missing_ok=True)
    for suffix in ("", *_SIDE_FILES):
        side = Path(f"{path}{suffix}")
        if side.exists():
            side.rename(f"{aside}{suffix}")
    return aside


def _number(aside: Path) -> int:
    return int(aside.name.rpartition("-")[2])


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
