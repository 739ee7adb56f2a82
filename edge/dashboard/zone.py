"""The time zone of the box: what it is called, and where its clock is changed within a stretch of time."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
