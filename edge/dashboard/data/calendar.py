"""Local times of the box as Unix seconds: days, time zone, window of the timeline page, and times that users enter."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from edge.dashboard.data.aggregates import MAX_STEPS

_LOCALTIME = Path("/etc/localtime")
_DATABASE = "zoneinfo/"
_DAY_S = 86_400.0
_LOOK_S = 6 * 3600.0
"""No zone changes its clock twice within this time."""
WINDOWS_S = (600.0, 3600.0, 8 * 3600.0, 24 * 3600.0)
"""Lengths of the timeline page that have a button."""
_SHORTEST_S = 60.0
_LONGEST_S = 48 * 3600.0
_STEP = 0.5
"""Share of the window that a step to earlier or later moves."""
_FORM = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)?((?<=\d)[T ](?=\d))?(?P<time>\d\d:\d\d(:\d\d)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
EXAMPLES = "22:00, 2026-05-01, 2026-05-01T22:00, 2026-05-01T22:00:00+02:00 or 2026-05-01T20:00Z"
"""Forms of a time; without an offset it is the local time of the box."""


@dataclass(frozen=True, slots=True)
class Day:
    """From one local midnight to the next; 23 or 25 hours long when the clocks change."""

    start_s: float
    end_s: float
    name: str
    """ISO 8601: 2026-03-04."""

    def hour_of(self, number: int) -> int:
        """Local hour of the `number`-th hour of the day."""
        return datetime.fromtimestamp(self.start_s + 3600.0 * number).astimezone().hour


def day_of(wall_s: float) -> Day:
    """The day of a time."""
    return _day(datetime.fromtimestamp(wall_s).astimezone().date())


def day_named(name: str) -> Day | None:
    """The day of an ISO date; None if it is invalid or far from our time."""
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


@dataclass(frozen=True, slots=True)
class Offset:
    """From `start_s` (Unix) the local clock is `offset_s` ahead of UTC and named `name`."""

    start_s: float
    offset_s: float
    name: str

    @property
    def hours(self) -> str:
        """+05:30."""
        minutes = round(abs(self.offset_s) / 60)
        return f"{'-' if self.offset_s < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"

    @property
    def text(self) -> str:
        """CET UTC+01:00, or UTC; many zones have no abbreviation."""
        if self.name == "UTC":
            return self.name
        return f"{self.name} UTC{self.hours}" if self.name.isalpha() else f"UTC{self.hours}"


def zone_name() -> str:
    """Name of the zone in the tz database (Europe/Berlin); empty if unknown."""
    if name := os.environ.get("TZ", "").lstrip(":"):
        return name
    return os.path.realpath(_LOCALTIME).partition(_DATABASE)[2]


def offsets(start_s: float, end_s: float) -> tuple[Offset, ...]:
    """The offsets from `start_s` to `end_s`: one, and another for each clock change."""
    found = [_at(start_s)]
    looked_s = start_s
    while looked_s < end_s:
        until_s = min(looked_s + _LOOK_S, end_s)
        if _at(until_s).offset_s != found[-1].offset_s:
            found.append(_at(_changed_s(looked_s, until_s)))
        looked_s = until_s
    return tuple(found)


def zone_text(start_s: float, end_s: float) -> str:
    """Europe/Berlin, CET UTC+01:00, from 2026-03-29 03:00 on CEST UTC+02:00."""
    first, *changes = offsets(start_s, end_s)
    parts = [zone_name(), first.text]
    for change in changes:
        moment = datetime.fromtimestamp(change.start_s).astimezone()
        parts.append(f"{moment:%Y-%m-%d %H:%M} {change.text}")
    return ", ".join(dict.fromkeys(part for part in parts if part))


def clock_script(start_s: float, end_s: float) -> str:
    """A JavaScript function from Unix milliseconds to local time of the box, for the axis of a chart.

    The browser may be in another zone. A chart of more than a day shows the day too.
    """
    changes = json.dumps(
        [[round(1000 * found.start_s), round(1000 * found.offset_s)] for found in offsets(start_s, end_s)]
    )
    day = 'day.slice(5) + "\\n" + ' if end_s - start_s > _DAY_S else ""
    return (
        f"ms => {{ const changes = {changes}, [, ahead] = changes.findLast(([since]) => ms >= since) ?? changes[0]; "
        'const [day, time] = new Date(ms + ahead).toISOString().split("T"); '
        f'return {day}time.slice(0, time.slice(6, 8) === "00" ? 5 : 8); }}'
    )


def _at(t_s: float) -> Offset:
    moment = datetime.fromtimestamp(t_s).astimezone()
    offset = moment.utcoffset()
    assert offset is not None
    return Offset(t_s, offset.total_seconds(), moment.tzname() or "")


def _changed_s(before_s: float, after_s: float) -> float:
    """The second of the clock change between two times."""
    was_s, low, high = _at(before_s).offset_s, int(before_s), int(after_s) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at(middle).offset_s == was_s else (low, middle)
    return float(high)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """What the timeline page shows. `end_s` None follows the present; `zoom` is the zoomed part, from 0 to 1."""

    length_s: float = WINDOWS_S[0]
    end_s: float | None = None
    zoom: tuple[float, float] = (0.0, 1.0)

    def ends(self, now_s: float) -> tuple[float, float]:
        """Unix seconds."""
        end_s = now_s if self.end_s is None else self.end_s
        return end_s - self.length_s, end_s

    def zoomed(self, now_s: float) -> tuple[float, float]:
        """The ends of the zoomed part."""
        start_s, _ = self.ends(now_s)
        return start_s + self.zoom[0] * self.length_s, start_s + self.zoom[1] * self.length_s

    def moved(self, steps: int, now_s: float) -> TimeWindow:
        """Earlier or later; follows the present again when it is reached."""
        end_s = self.ends(now_s)[1] + steps * _STEP * self.length_s
        return replace(self, end_s=None if end_s >= now_s else end_s, zoom=(0.0, 1.0))

    def scaled(self, factor: float, now_s: float) -> TimeWindow:
        """Longer or shorter around its middle; a window that follows the present keeps its end."""
        length_s = min(max(self.length_s * factor, _SHORTEST_S), _LONGEST_S)
        end_s = None if self.end_s is None else self.end_s + (length_s - self.length_s) / 2
        return TimeWindow(length_s, None if end_s is not None and end_s >= now_s else end_s)

    @classmethod
    def around(cls, start_s: float, end_s: float) -> TimeWindow:
        """A window with a margin on both sides."""
        length_s = max(1.1 * (end_s - start_s), _SHORTEST_S)
        return cls(length_s, (start_s + end_s + length_s) / 2)

    def of_day(self, day: Day) -> TimeWindow:
        """A whole day."""
        return TimeWindow(day.end_s - day.start_s, day.end_s)

    @property
    def redraw_s(self) -> float:
        """Time between two redraws: a step of the chart, or a long time for the past."""
        return max(1.0, self.length_s / MAX_STEPS) if self.end_s is None else 3600.0


@dataclass(frozen=True, slots=True)
class EnteredTime:
    """A time as entered; without a day it is on the day of the newest record."""

    day: date | None
    time: time
    """With a time zone if an offset was entered."""

    def on(self, newest_s: float) -> float:
        """Unix seconds. A local time that occurs twice is the first one."""
        newest = datetime.fromtimestamp(newest_s, self.time.tzinfo)
        return datetime.combine(self.day or newest.date(), self.time).timestamp()


def parse_time(text: str) -> EnteredTime:
    """Parse a time. ValueError: it is not a time."""
    found = _FORM.fullmatch(text.strip())
    if found is None or not (found["day"] or found["time"]) or (found["zone"] and not found["time"]):
        raise ValueError(f"{text!r} is not a time: write {EXAMPLES}")
    zone = (found["zone"] or "").upper().replace("Z", "+00:00")
    zone = f"{zone[:3]}:{zone[-2:]}" if zone else ""
    try:
        day = date.fromisoformat(found["day"]) if found["day"] else None
        return EnteredTime(day, time.fromisoformat(f"{found['time'] or '00:00'}{zone}"))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time: {error}") from error


def report_range(newest_s: float, since: EnteredTime | None, until: EnteredTime | None) -> tuple[float, float]:
    """Start and end in Unix seconds; by default the 24 hours that end with the newest record.

    A time without a day is on the day of the newest record; 22:00 to 06:00 starts on the day before.
    """
    end_s = newest_s + 1.0 if until is None else until.on(newest_s)
    start_s = end_s - _DAY_S if since is None else since.on(newest_s)
    if start_s >= end_s and since is not None and since.day is None:
        before = datetime.fromtimestamp(newest_s, since.time.tzinfo).date() - timedelta(days=1)
        start_s = EnteredTime(before, since.time).on(newest_s)
    return start_s, end_s
