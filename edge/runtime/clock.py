"""The box's one time line: seconds since start, monotonic, tied to the wall clock once."""

from __future__ import annotations

import time

from edge.run_registry import Start


class Clock:
    """Started when made."""

    def __init__(self, session: str = "run") -> None:
        self.start = Start.now(session)
        """When the run of that name began, by all of the machine's clocks."""

    def now_s(self) -> float:
        """Seconds since start; no change of the wall clock moves it."""
        return time.monotonic() - self.start.mono_s
