"""Keeping the timeline and its disk within their bounds, a little at a time while records are written."""

from __future__ import annotations

import logging
import sqlite3

from edge.config.delivery import StoreConfig
from edge.database import Database, StoreEvents
from edge.store.retention import by_age, by_size, disk_low, for_the_disk, give_back

_log = logging.getLogger(__name__)

_EVERY_S = 60.0
"""How often the bounds are looked at."""
_BUSY_EVERY_S = 2.0
"""And how often while there is still something to give up: a batch at a time, so that no alert waits for it."""


class Housekeeping:
    """Used by the timeline's writing thread."""

    def __init__(self, database: Database, config: StoreConfig, news: StoreEvents) -> None:
        self.disk_low = False
        """Whether the disk has less free than the configuration wants."""
        self._database, self._config, self._news = database, config, news
        self._due_s = float("-inf")

    def due(self, now_s: float) -> bool:
        """Whether it is time to look at the bounds again."""
        return now_s >= self._due_s

    def turn(self, now_s: float, wall_s: float | None) -> None:
        """Give up at most one batch by each rule; `wall_s` None: nothing is known to be old."""
        try:
            gone = self._database.write(lambda connection: self._give_up(connection, wall_s))
            give_back(self._database.connection())
        except (sqlite3.Error, OSError) as error:
            if not self._news.is_lost:
                _log.warning("%s: old records stay: %s", self._database.path, error)
            gone = 0
        self._due_s = now_s + (_BUSY_EVERY_S if gone else _EVERY_S)

    def _give_up(self, connection: sqlite3.Connection, wall_s: float | None) -> int:
        old = by_age(connection, wall_s, self._config) if wall_s is not None else 0
        large = by_size(connection, self._config)
        path = self._database.path
        low = disk_low(path, self._config)
        if low and not self.disk_low:
            self._news.lost(f"the disk of {path} is nearly full: the oldest telemetry is deleted; free space there")
        self.disk_low = low
        return old + large + for_the_disk(connection, path, self._config)
