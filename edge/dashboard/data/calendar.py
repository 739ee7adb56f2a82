"""Days on this machine's clock, as Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """From one local midnight to the next; 23 or 25 hours long when clocks are changed."""

    start_s: float
    end_s: float
    name: str
    """ISO 8601: 2026-03-04."""

    def hour_of(self, number: int) -> int:
        """The hour on the clock of the `number`-th hour of the day."""
        return datetime.fromtimestamp(self.start_s + 3600.0 * number).astimezone().hour


def day_of(wall_s: float) -> Day:
    """The day in which a moment lies."""
    return _day(datetime.fromtimestamp(wall_s).astimezone().date())


def day_named(name: str) -> Day | None:
    """The day of an ISO name; None where it is none, or far from our time."""
    try:
        found = date.fromisoformat(name)
    except ValueError:
        return None
    return _day(found) if 2000 <= found.year < 2200 else None


def days_back(now_s: float, count: int) -> list[Day]:
    """The last `count` days, today the last."""
    today = datetime.fromtimestamp(now_s).astimezone().date()
    return [_day(today - timedelta(days=back)) for back in reversed(range(count))]


def _day(found: date) -> Day:
    start, end = (datetime(d.year, d.month, d.day).astimezone().timestamp() for d in (found, found + timedelta(days=1)))
    return Day(start, end, found.isoformat())
