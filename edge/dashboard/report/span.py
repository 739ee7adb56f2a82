"""From what a person says about a time to Unix seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_DAY_S = 86_400.0
_FORM = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)?((?<=\d)[T ](?=\d))?(?P<time>\d\d:\d\d(:\d\d)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
EXAMPLES = "22:00, 2026-05-01, 2026-05-01T22:00, 2026-05-01T22:00:00+02:00 or 2026-05-01T20:00Z"
"""How a time may be written; without an offset it is the box's own time of day."""


@dataclass(frozen=True, slots=True)
class EnteredTime:
    """A time as it was said; without a day it is of the newest record's."""

    day: date | None
    time: time
    """Aware where an offset was given."""

    def on(self, newest_s: float) -> float:
        """Unix seconds. A local time that the clock shows twice is the first of the two."""
        newest = datetime.fromtimestamp(newest_s, self.time.tzinfo)
        return datetime.combine(self.day or newest.date(), self.time).timestamp()


def parse_time(text: str) -> EnteredTime:
    """Read a time. ValueError: it is none."""
    found = _FORM.fullmatch(text.strip())
    if found is None or not (found["day"] or found["time"]) or (found["zone"] and not found["time"]):
        raise ValueError(f"{text!r} is no time: write {EXAMPLES}")
    zone = (found["zone"] or "").upper().replace("Z", "+00:00")
    zone = f"{zone[:3]}:{zone[-2:]}" if zone else ""
    try:
        day = date.fromisoformat(found["day"]) if found["day"] else None
        return EnteredTime(day, time.fromisoformat(f"{found['time'] or '00:00'}{zone}"))
    except ValueError as error:
        raise ValueError(f"{text!r} is no time: {error}") from error


def report_range(newest_s: float, since: EnteredTime | None, until: EnteredTime | None) -> tuple[float, float]:
    """Start and end in Unix seconds; by default the 24 hours that end with the newest record.

    A time without a day is of the newest record's day; 22:00 to 06:00 begins on the day before.
    """
    end_s = newest_s + 1.0 if until is None else until.on(newest_s)
    start_s = end_s - _DAY_S if since is None else since.on(newest_s)
    if start_s >= end_s and since is not None and since.day is None:
        before = datetime.fromtimestamp(newest_s, since.time.tzinfo).date() - timedelta(days=1)
        start_s = EnteredTime(before, since.time).on(newest_s)
    return start_s, end_s
