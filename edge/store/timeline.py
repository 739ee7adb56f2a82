"""The timeline: every permitted message of this box in one SQLite table, kept for the days the config says."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from pathlib import Path

from edge.config.delivery import StoreConfig
from edge.database import open_database
from edge.messages import Face, Message
from edge.record import to_record
from edge.store.schema import SCHEMA

_log = logging.getLogger(__name__)

_AT_ONCE = frozenset({"alert", "summary", "source"})
"""Kinds committed as they come; all others are telemetry, committed in batches to spare the flash."""
_BATCH_S = 2.0
"""Longest time that telemetry waits for its commit: what a power cut may take, and the dashboard's lag."""
_BATCH_ROWS = 500
_FACE_EVERY_S = 1.0
"""Faces come at frame rate; one a second and person is stored. Lid and head events are stored whole."""
_MOST_TRACKS = 64
"""Tracks whose last stored face is remembered; track numbers are never used twice, so the table would only grow."""
_RETENTION_EVERY_S = 3600.0
_MOST_WAITING = 1000
"""Rows kept for a later try while the disk refuses: alerts, summaries and source changes, never telemetry."""
_DAY_S = 86_400.0

_Row = tuple[str, str, float, float, str]


class Timeline:
    """A sink: `write` from any thread. What the disk refuses is counted in `dropped`, said once, and never raised."""

    def __init__(self, path: Path, session: str, start_wall_s: float, config: StoreConfig | None = None) -> None:
        """Open `path`; `start_wall_s` is the wall clock (Unix) at `t_s` 0 of this session."""
        self.dropped = 0
        self._path = path
        self._session = session
        self._start_wall_s = start_wall_s
        self._config = config or StoreConfig()
        self._lock = threading.Lock()
        self._waiting: list[_Row] = []
        self._refused = False
        self._face_stored_s: dict[int | None, float] = {}
        self._committed_at_s = self._retained_at_s = time.monotonic()
        self._connection = open_database(path, SCHEMA, synchronous="NORMAL")
        self._forget_old(start_wall_s)

    def write(self, message: Message) -> None:
        """Keep one message."""
        if message.kind == "transcript" and not self._config.keep_words:
            return
        with self._lock:
            if isinstance(message, Face) and not self._face_due(message):
                return
            wall_s = self._start_wall_s + message.t_s
            record = to_record(message) | {"wall_s": round(wall_s, 3)}
            text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            self._waiting.append((self._session, message.kind, message.t_s, wall_s, text))
            now_s = time.monotonic()
            due = now_s - self._committed_at_s >= _BATCH_S or len(self._waiting) >= _BATCH_ROWS
            if due or message.kind in _AT_ONCE:
                self._commit()
            if now_s - self._retained_at_s >= _RETENTION_EVERY_S:
                self._retained_at_s = now_s
                self._forget_old(wall_s)

    def close(self) -> None:
        """Commit what waits and close the file."""
        with self._lock:
            self._commit()
            self._connection.close()

    def _face_due(self, face: Face) -> bool:
        stored_s = self._face_stored_s.get(face.track)
        if stored_s is not None and face.t_s - stored_s < _FACE_EVERY_S:
            return False
        if len(self._face_stored_s) >= _MOST_TRACKS:
            self._face_stored_s.clear()
        self._face_stored_s[face.track] = face.t_s
        return True

    def _commit(self) -> None:
        self._committed_at_s = time.monotonic()
        if not self._waiting:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO record (session, kind, t_s, wall_s, record) VALUES (?, ?, ?, ?, ?)", self._waiting
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(error)
            return
        self._waiting = []
        if self._refused:
            self._refused = False
            _log.warning("%s takes records again; %d were lost", self._path, self.dropped)

    def _give_up(self, error: sqlite3.Error) -> None:
        """Undo the transaction, drop the telemetry in it and keep the rest for the next try."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        kept = [row for row in self._waiting if row[1] in _AT_ONCE][-_MOST_WAITING:]
        self.dropped += len(self._waiting) - len(kept)
        self._waiting = kept
        if not self._refused:
            self._refused = True
            _log.error(
                "%s takes no records (%s): telemetry is dropped until it does; free space on that disk",
                self._path,
                error,
            )

    def _forget_old(self, now_wall_s: float) -> None:
        oldest_s = now_wall_s - self._config.retention_days * _DAY_S
        try:
            self._connection.execute("DELETE FROM record WHERE wall_s < ?", (oldest_s,))
        except sqlite3.Error as error:
            _log.warning("%s: records older than %g days stay: %s", self._path, self._config.retention_days, error)
