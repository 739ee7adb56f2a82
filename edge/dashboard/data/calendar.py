"""Days on this machine's clock, as Unix seconds."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from edge.dashboard.data.aggregates import MAX_STEPS


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


_LOCALTIME = Path("/etc/localtime")
_DATABASE = "zoneinfo/"
_DAY_S = 86_400.0
_LOOK_S = 6 * 3600.0
"""No zone changes its clock twice within so short a time."""


@dataclass(frozen=True, slots=True)
class Offset:
    """From `start_s` (Unix) on the clock stands `offset_s` ahead of UTC and is called `name`."""

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
        """CET UTC+01:00, or UTC; many zones have no letters."""
        if self.name == "UTC":
            return self.name
        return f"{self.name} UTC{self.hours}" if self.name.isalpha() else f"UTC{self.hours}"


def zone_name() -> str:
    """As the zone is called in the tz database (Europe/Berlin); empty where the system does not say."""
    if name := os.environ.get("TZ", "").lstrip(":"):
        return name
    return os.path.realpath(_LOCALTIME).partition(_DATABASE)[2]


def offsets(start_s: float, end_s: float) -> tuple[Offset, ...]:
    """What the clock shows from `start_s` to `end_s`: one, and another for each change of the clock."""
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
    """A JavaScript function from milliseconds of Unix time to what the box's clock shows then, for the axis of a chart
    from `start_s` to `end_s`: whoever looks at it may be in another zone. Over more than a day it tells the day too.
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
    """The second of the change that lies between two moments."""
    was_s, low, high = _at(before_s).offset_s, int(before_s), int(after_s) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at(middle).offset_s == was_s else (low, middle)
    return float(high)


WINDOWS_S = (600.0, 3600.0, 8 * 3600.0, 24 * 3600.0)
_SHORTEST_S = 60.0
_LONGEST_S = 48 * 3600.0
_STEP = 0.5
"""How much of the stretch a step to earlier or later goes."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """`end_s` None follows the present; `zoom` is the part of it that is zoomed into, as shares from 0 to 1."""

    length_s: float = WINDOWS_S[0]
    end_s: float | None = None
    zoom: tuple[float, float] = (0.0, 1.0)

    def ends(self, now_s: float) -> tuple[float, float]:
        """Unix seconds."""
        end_s = now_s if self.end_s is None else self.end_s
        return end_s - self.length_s, end_s

    def zoomed(self, now_s: float) -> tuple[float, float]:
        """The ends of what is zoomed into."""
        start_s, _ = self.ends(now_s)
        return start_s + self.zoom[0] * self.length_s, start_s + self.zoom[1] * self.length_s

    def moved(self, steps: int, now_s: float) -> TimeWindow:
        """Earlier or later; the present is followed again when it is reached."""
        end_s = self.ends(now_s)[1] + steps * _STEP * self.length_s
        return replace(self, end_s=None if end_s >= now_s else end_s, zoom=(0.0, 1.0))

    def scaled(self, factor: float, now_s: float) -> TimeWindow:
        """Longer or shorter around its middle; one that follows the present keeps its end."""
        length_s = min(max(self.length_s * factor, _SHORTEST_S), _LONGEST_S)
        end_s = None if self.end_s is None else self.end_s + (length_s - self.length_s) / 2
        return TimeWindow(length_s, None if end_s is not None and end_s >= now_s else end_s)

    @classmethod
    def around(cls, start_s: float, end_s: float) -> TimeWindow:
        """A stretch with some room on both sides."""
        length_s = max(1.1 * (end_s - start_s), _SHORTEST_S)
        return cls(length_s, (start_s + end_s + length_s) / 2)

    def of_day(self, day: Day) -> TimeWindow:
        """A whole day."""
        return TimeWindow(day.end_s - day.start_s, day.end_s)

    @property
    def redraw_s(self) -> float:
        """How long a drawing stays good: a step of the chart, or for the past a long time."""
        return max(1.0, self.length_s / MAX_STEPS) if self.end_s is None else 3600.0


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
