"""When a part of the box that fails is begun anew: soon at first, then later and later, in the end rarely."""

from __future__ import annotations

FAILURES = 3
"""So many failed calls in a row are a broken part; one bad picture is none, and a part begun anew has forgotten all."""
FIRST_DELAY_S = 0.5
"""Before the first restart; twice as long before each further one within `WITHIN_S`."""
MOST_RESTARTS = 5
WITHIN_S = 60.0
"""More restarts than `MOST_RESTARTS` in this time are a crash loop (Frigate's watchdog: 5 in 60 s)."""
SAFE_DELAY_S = 300.0
"""In safe mode a part is tried again this seldom: a driver's box must not stay blind for the rest of the day."""


class Restarts:
    """The restarts of one part; every time is an argument, so that a replay decides the same as the live box."""

    def __init__(self) -> None:
        self.down = False
        """Whether the part is not there and waits to be begun anew."""
        self.safe = False
        """Whether it kept failing and is left alone, but for a rare attempt."""
        self.delay_s = 0.0
        """From the last crash to the next attempt."""
        self._row = 0
        self._crashed_s = 0.0
        self._starts_s: list[float] = []

    def failed(self, t_s: float) -> None:
        """One call failed at `t_s`; the last of a row of them takes the part down."""
        self._row += 1
        if self._row >= FAILURES:
            self.crashed(t_s)

    def crashed(self, t_s: float) -> None:
        """It broke, or could not be begun, at `t_s`."""
        self._starts_s = [start_s for start_s in self._starts_s if t_s - start_s < WITHIN_S]
        self.safe = self.safe or len(self._starts_s) >= MOST_RESTARTS
        self.delay_s = SAFE_DELAY_S if self.safe else FIRST_DELAY_S * 2 ** len(self._starts_s)
        self.down, self._row, self._crashed_s = True, 0, t_s

    def due(self, t_s: float) -> bool:
        """Whether a part that is down may be begun anew."""
        return t_s - self._crashed_s >= self.delay_s

    def begun(self, t_s: float) -> None:
        """It is begun anew."""
        self.down = False
        self._starts_s.append(t_s)

    def worked(self, t_s: float) -> None:
        """A call succeeded; a minute after its last start a part has proved itself."""
        self._row = 0
        if self.safe and t_s - self._starts_s[-1] >= WITHIN_S:
            self.safe = False
