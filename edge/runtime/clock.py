"""The box's one time line: seconds since start, monotonic, tied to the wall clock once."""

from __future__ import annotations

import time


class Clock:
    """Started when made."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()
        self.start_wall_s = time.time()
        """Wall clock (Unix seconds) at `t_s` 0."""

    def now_s(self) -> float:
        """Seconds since start; no change of the wall clock moves it."""
        return time.monotonic() - self._start_s
