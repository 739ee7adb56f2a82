"""The timeline: every permitted message of this box in one SQLite file, kept for the configured time."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge import run_registry
from edge.config.delivery import StoreConfig
from edge.database import Database, StoreEvents
from edge.i18n.texts import Sentence
from edge.messages import Face, Message, Source
from edge.messages.serialize import to_record
from edge.run_registry import SESSIONS, SYSTEM, Clocks, Start, Sync
from edge.store.retention import LASTING, Housekeeping

_log = logging.getLogger(__name__)

VERSION = 2
"""Raised when the layout changes; a file of another one is moved aside."""

SCHEMA = (
    SESSIONS
    + """
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    kind TEXT NOT NULL,
    t_s REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_kind_time ON record (kind, session, t_s);
"""
)
"""`record` is the message as JSON; its wall time is that of its session plus `t_s`. `id` rises with arrival."""

PATIENCE_S = 0.25
"""How long `ask` waits: a commit takes milliseconds, and a frame must not wait for a slow card."""
_CLOSE_S = 10.0
"""How long `close` waits for the last work; a disk that hangs for longer loses it."""


_BATCH_S = 2.0
"""The longest wait of telemetry for its commit: the loss at a power cut, and the delay of the dashboard."""
_BATCH_ROWS = 500
_FACE_EVERY_S = 1.0
"""Faces come at frame rate; one for each second and person is stored. Lid and head events are all stored."""
_MOST_TRACKS = 64
"""Tracks whose last stored face is remembered; track numbers are never reused, so the table would only grow."""
_MOST_WAITING = 1000
"""Rows kept for a retry while the disk fails: alerts, summaries and source changes, never telemetry."""
_MOST_BEHIND = 10_000
"""Rows that wait for a slow disk, minutes of them, before telemetry is dropped."""
_Row = tuple[str, float, str]


class Timeline:
    """A sink: `write` from any thread. Lost rows are counted in `dropped` and reported by `take_reports`, never raised.

    Alerts, summaries and source changes are committed at once, telemetry in batches, to spare the flash. A separate
    thread writes and deletes old records. `write` waits briefly for a commit, never long for a slow card, and not at
    all during a deletion or a long read.
    """

    def __init__(
        self,
        path: Path,
        start: Start,
        config: StoreConfig | None = None,
        clocks: Clocks = SYSTEM,
    ) -> None:
        """`start` is when this run began; it is corrected when the clock is synchronized later."""
        self.dropped = 0
        """Records of telemetry that the disk refused."""
        self._config, self._clocks = config or StoreConfig(), clocks
        self._start = start
        self._session = 0
        self._sync = Sync(clocks, waiting=start.clock == "unsynced")
        self._offset_s: float | None = None
        self._lock = threading.Lock()
        self._waiting: list[_Row] = []
        self._face_stored_s: dict[int | None, float] = {}
        self._committed_at_s = clocks.mono_s()
        self._store_events = StoreEvents("timeline")
        self._database = Database(path, SCHEMA, "NORMAL", self._store_events, self._opened, VERSION)
        self._housekeeping = Housekeeping(self._database, self._config, self._store_events)
        self._commit()
        self._keep_house()
        self._writer = Writer(
            self._commit, self._keep_house, lambda: self._housekeeping.due(clocks.mono_s()), "timeline"
        )

    def write(self, message: Message) -> None:
        """Keep one message."""
        if message.kind == "transcript" and not self._config.keep_words:
            return
        with self._lock:
            if isinstance(message, Face) and not self._face_due(message):
                return
            text = json.dumps(to_record(message), ensure_ascii=False, separators=(",", ":"))
            self._waiting.append((message.kind, message.t_s, text))
            if len(self._waiting) > _MOST_BEHIND:
                self._give_up(Sentence("disk_slow"))
            due = self._due() or len(self._waiting) >= _BATCH_ROWS or message.kind in LASTING
        if due:
            self._writer.ask()

    def turn(self) -> None:
        """Commit rows that have waited long enough, without a further message; called about once a second."""
        with self._lock:
            due = self._due()
        if due:
            self._writer.ask()

    def take_reports(self, t_s: float) -> list[Source]:
        """Reports about the timeline since the last call, with timestamp `t_s`."""
        return self._store_events.take(t_s)

    def close(self) -> None:
        """Commit the waiting rows and close the file."""
        self._writer.close()
        self._database.close()

    def _due(self) -> bool:
        return self._clocks.mono_s() - self._committed_at_s >= _BATCH_S

    def _face_due(self, face: Face) -> bool:
        stored_s = self._face_stored_s.get(face.track)
        if stored_s is not None and face.t_s - stored_s < _FACE_EVERY_S:
            return False
        if len(self._face_stored_s) >= _MOST_TRACKS:
            self._face_stored_s.clear()
        self._face_stored_s[face.track] = face.t_s
        return True

    def _commit(self) -> None:
        """Write the waiting rows, and correct the runs if the clock was synchronized."""
        with self._lock:
            self._committed_at_s = self._clocks.mono_s()
            waiting = list(self._waiting)
        found_s = self._sync.offset_s()
        self._offset_s = found_s if found_s is not None else self._offset_s
        try:
            self._database.write(lambda connection: self._insert(connection, waiting))
        except sqlite3.Error as error:
            with self._lock:
                self._give_up(str(error))
            return
        self._offset_s = None
        with self._lock:
            written = set(map(id, waiting))
            self._waiting = [row for row in self._waiting if id(row) not in written]
        if self._store_events.is_lost and self._database.has_room and not self._housekeeping.disk_low:
            self._store_events.works(Sentence("records_lost", count=self.dropped))

    def _keep_house(self) -> None:
        """Delete records that are too old or too many."""
        now_s = self._clocks.mono_s()
        wall_s = None if self._sync.waiting else self._start.wall_s + now_s - self._start.mono_s
        self._housekeeping.turn(now_s, wall_s)

    def _insert(self, connection: sqlite3.Connection, waiting: Sequence[_Row]) -> None:
        if self._offset_s is not None:
            run_registry.set_right(connection, self._start.boot, self._offset_s)
            wall_s = self._start.mono_s + self._offset_s
            self._start = Start(self._start.name, self._start.boot, self._start.mono_s, wall_s, "corrected")
        rows = [(self._session, *row) for row in waiting]
        connection.executemany("INSERT INTO record (session, kind, t_s, record) VALUES (?, ?, ?, ?)", rows)

    def _opened(self, connection: sqlite3.Connection) -> None:
        self._session = run_registry.begin(connection, self._start)

    def _give_up(self, why: str) -> None:
        """Drop the waiting telemetry and keep the other rows for a retry."""
        kept = [row for row in self._waiting if row[0] in LASTING][-_MOST_WAITING:]
        self.dropped += len(self._waiting) - len(kept)
        self._waiting = kept
        self._store_events.lost(Sentence("timeline_unwritable", file=str(self._database.path), why=why))


class Writer:
    """Runs `work`, and `care` if it is due, in a separate thread; a request during the work runs it once more."""

    def __init__(self, work: Callable[[], None], care: Callable[[], None], due: Callable[[], bool], name: str) -> None:
        """`ask` waits briefly for `work`, never for `care`."""
        self._work, self._care, self._due = work, care, due
        self._changed = threading.Condition()
        self._asked = self._done = 0
        self._caring = self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether work is pending."""
        return self._caring or self._done < self._asked

    def ask(self) -> None:
        """Request the work; return when it is done, after `PATIENCE_S`, or at once if the thread is behind."""
        with self._changed:
            behind = self.behind
            self._asked += 1
            asked = self._asked
            self._changed.notify_all()
            if not behind:
                self._changed.wait_for(lambda: self._done >= asked, PATIENCE_S)

    def close(self) -> None:
        """Run the work a last time and end the thread."""
        with self._changed:
            self._asked += 1
            self._closing = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._done < self._asked)
                asked, closing = self._asked, self._closing
            self._guarded(self._work)
            with self._changed:
                self._done, self._caring = asked, self._due()
                self._changed.notify_all()
            if self._caring:
                self._guarded(self._care)
                self._caring = False
            if closing:
                return

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception:  # the thread's last guard: the next work may succeed
            _log.exception("%s failed", self._thread.name)
