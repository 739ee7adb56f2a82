"""From what a person says about a time to Unix seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%H:%M")
"""How a time may be written, in the box's own time of day."""
_NO_DAY = 1900
"""The year that a time without a day is read with (Python's `strptime`)."""
_SHIFT = timedelta(hours=24)


def span(newest_s: float, since: datetime | None, until: datetime | None) -> tuple[float, float]:
    """Start and end in Unix seconds; by default the 24 hours that end with the newest record.

    A time without a day is of the newest record's day; 22:00 to 06:00 begins on the day before.
    """
    newest = datetime.fromtimestamp(newest_s)
    end = newest + timedelta(seconds=1) if until is None else _on(newest, until)
    start = end - _SHIFT if since is None else _on(newest, since)
    if start >= end and since is not None and since.year == _NO_DAY:
        start -= _SHIFT
    return start.timestamp(), end.timestamp()


def _on(day: datetime, time: datetime) -> datetime:
    return datetime.combine(day.date(), time.time()) if time.year == _NO_DAY else time
