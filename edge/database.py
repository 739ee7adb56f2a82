"""An SQLite file that outlives power cuts, full disks and damage: the program goes on, and says what happened."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from edge.i18n.sentence import Sentence
from edge.messages import Source

_MOST = 16
_log = logging.getLogger(__name__)
_BUSY_S = 5.0
"""How long a statement waits for another process's lock; the dashboard's reads last milliseconds."""
_CHECK_S = 5.0
"""Longest check at opening; damage that it did not come to is dealt with when a statement meets it."""
_CHECK_STEPS = 100_000
"""SQLite's virtual machine asks this often, in instructions, whether the time is up: about every millisecond."""
_WAL_BYTES = 4 << 20
"""The write-ahead log is cut back to this after a long reader had let it grow; SQLite empties it at 1000 pages."""
_MOST_ASIDE = 3
"""Damaged files kept for whoever wants to look; older ones are deleted, or a bad card would fill itself with them."""
_SIDE_FILES = ("-wal", "-shm")
_Answer = TypeVar("_Answer")


class StoreEvents:
    """One word when a store stops working and one when it works again; safe from any thread."""

    def __init__(self, name: str) -> None:
        """`name` is the one its `Source` messages carry."""
        self._name = name
        self._lost = False
        self._waiting: deque[Source] = deque(maxlen=_MOST)

    @property
    def is_lost(self) -> bool:
        """Whether the last word was a bad one."""
        return self._lost

    def lost(self, detail: str) -> None:
        """It does not work; said once until it works again."""
        if not self._lost:
            self._lost = True
            self._waiting.append(Source(0.0, self._name, "lost", detail))

    def works(self, detail: str = "") -> None:
        """It works; said only after a bad word."""
        if self._lost:
            self._lost = False
            self._waiting.append(Source(0.0, self._name, "ok", detail))

    def take(self, t_s: float) -> list[Source]:
        """What was said since the last call, stamped with `t_s`."""
        taken = []
        while self._waiting:
            source = self._waiting.popleft()
            taken.append(Source(t_s, source.source, source.state, source.detail))
        return taken


class Database:
    """One file, opened at the first `write` that finds it closed; not safe from several threads by itself.

    A file that is damaged, no database, or of another layout is renamed to `<name>.damaged-<n>` or
    `<name>.version-<n>`, and a new one begun. `news` says so.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        synchronous: Literal["NORMAL", "FULL"],
        news: StoreEvents,
        opened: Callable[[sqlite3.Connection], None],
        version: int = 0,
    ) -> None:
        """`schema` is `CREATE ... IF NOT EXISTS` only; `opened` is called in a transaction after each opening.

        NORMAL keeps the file consistent through a power cut but may lose the last commits; FULL loses none
        (https://www.sqlite.org/pragma.html#pragma_synchronous).
        """
        self.path = path
        self.aside: Path | None = None
        """The last file that was moved out of the way."""
        self._schema, self._synchronous, self._version = schema, synchronous, version
        self._news, self._opened = news, opened
        self._connection: sqlite3.Connection | None = None

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for more than a few rows: a full one takes one now and then."""
        try:
            return shutil.disk_usage(self.path.parent).free >= _WAL_BYTES
        except OSError:
            return False

    def write(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Run `work` in one transaction; it is on the medium (FULL) when this returns.

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
        """The rows of a query. sqlite3.Error: they cannot be had now."""
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
        """Close the file; the next `write` would open it again."""
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
        """Move a file that is really bad out of the way; locked, full and not permitted are no damage."""
        if type(error) not in {sqlite3.DatabaseError, OtherVersionError}:
            return False
        self.close()
        word = "version" if isinstance(error, OtherVersionError) else "damaged"
        try:
            self.aside = _moved_aside(self.path, word)
        except OSError as refused:  # a card that has turned read-only
            raise sqlite3.OperationalError(f"{error}, and it cannot be moved aside: {refused.strerror}") from error
        self._news.lost(Sentence("file_moved_aside", file=str(self.path), error=str(error), aside=self.aside.name))
        return True


def readable(text: bytes) -> str:
    """Text as it stands in a file: a flipped bit that SQLite cannot notice must not bar the way to all other rows."""
    return text.decode("utf-8", "replace")


class OtherVersionError(sqlite3.DatabaseError):
    """A sound file that a program of another version made."""


def _check(connection: sqlite3.Connection) -> None:
    """SQLite's quick check, for a bounded time."""
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


def _moved_aside(path: Path, word: str) -> Path:
    """Rename the file with its log, and delete the oldest of those that were renamed before."""
    before = sorted(path.parent.glob(f"{path.name}.{word}-*[0-9]"), key=_number)
    aside = path.with_name(f"{path.name}.{word}-{_number(before[-1]) + 1 if before else 1}")
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
