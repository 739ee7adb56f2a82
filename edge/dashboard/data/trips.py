"""The trips of a timeline with their alerts: drives by the vehicle's speed, else runs of the box."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from edge.messages import Level, hourly
from edge.store.reader import TimelineReader

_LEVELS = {level.name.lower(): level for level in Level}
_LAST_RECORD = (
    "begun_s, json_extract(record, '$.start_s'), MAX(json_extract(record, '$.end_s')), "
    "json_extract(record, '$.distance_km')"
)
"""Columns of the last record of each trip: SQLite takes the other columns from the row of the MAX."""
_SHORTEST_S = 10.0
"""A shorter run is a failed start, not a trip."""


@dataclass(frozen=True, slots=True)
class TripSummary:
    """One trip; times are Unix seconds, None is unknown."""

    start_s: float
    end_s: float
    by_speed: bool
    """True: a drive by the vehicle's speed; false: a run of the box."""
    distance_km: float | None
    alerts: int
    gravest: Level | None
    """Gravest level of its alerts; None without alerts."""
    judged_ratio: float | None
    """Share of the summarised time in which eyes could be judged; None without summaries."""

    @property
    def length_s(self) -> float:
        """Duration."""
        return self.end_s - self.start_s

    @property
    def alerts_per_hour(self) -> float | None:
        """None below ten minutes: too short for a rate."""
        return hourly(self.alerts, self.length_s)


@dataclass(frozen=True, slots=True)
class _Counted:
    """An alert at its start, or the judged share of a summary's period."""

    start_s: float
    end_s: float
    value: float


def trip_summaries(reader: TimelineReader, since_s: float, until_s: float) -> tuple[TripSummary, ...]:
    """The trips that overlap the period, newest first. Raises what its reader raises."""
    drives = reader.sums(_LAST_RECORD, "trip", since_s, until_s, "GROUP BY 1, 2")
    periods: list[tuple[float, float, bool, float | None]] = [
        (begun_s + start_s, begun_s + end_s, True, km) for begun_s, start_s, end_s, km in drives
    ]
    driven = {begun_s for begun_s, *_ in drives}
    for begun_s, last_s in reader.runs(since_s, until_s):
        if begun_s not in driven and last_s - begun_s >= _SHORTEST_S:
            periods.append((begun_s, last_s, False, None))
    alerts = [
        _Counted(begun_s + start_s, begun_s + start_s, _LEVELS[level])
        for begun_s, _, (type_, start_s, level) in reader.stream(
            "alert", since_s, until_s, ("$.type", "$.start_s", "$.level")
        )
        if type_ == "new"
    ]
    shares = [
        _Counted(begun_s + start_s, begun_s + end_s, ratio)
        for begun_s, _, (start_s, end_s, ratio) in reader.stream(
            "summary", since_s, until_s, ("$.start_s", "$.end_s", "$.valid_ratio")
        )
        if ratio is not None
    ]
    alerts.sort(key=_begun)
    shares.sort(key=_begun)
    longest_s = max((share.end_s - share.start_s for share in shares), default=0.0)
    found = []
    for start_s, end_s, by_speed, distance_km in periods:
        levels = [alert.value for alert in _begun_between(alerts, start_s, end_s)]
        gravest = Level(int(max(levels))) if levels else None
        judged = _judged(start_s, end_s, _begun_between(shares, start_s - longest_s, end_s))
        found.append(TripSummary(start_s, end_s, by_speed, distance_km, len(levels), gravest, judged))
    return tuple(sorted(found, key=lambda trip: -trip.start_s))


def _begun(counted: _Counted) -> float:
    return counted.start_s


def _begun_between(counted: Sequence[_Counted], since_s: float, until_s: float) -> Sequence[_Counted]:
    """Those that began within a period, its ends included; `counted` is in order of the starts."""
    return counted[bisect_left(counted, since_s, key=_begun) : bisect_right(counted, until_s, key=_begun)]


def _judged(start_s: float, end_s: float, shares: Sequence[_Counted]) -> float | None:
    """Mean of the shares, weighted by how much of each period lies within the trip."""
    within = [(min(share.end_s, end_s) - max(share.start_s, start_s), share.value) for share in shares]
    known = [(length_s, value) for length_s, value in within if length_s > 0]
    whole_s = sum(length_s for length_s, _ in known)
    return sum(length_s * value for length_s, value in known) / whole_s if whole_s else None
