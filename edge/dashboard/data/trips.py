"""The trips of a timeline: drives by the vehicle's speed, else runs of the box, and what each came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.messages import Level
from edge.store.reader import TimelineReader

_LEVELS = {level.name.lower(): level for level in Level}
_HOUR_S = 3600.0
_LAST_WORD = (
    "begun_s, json_extract(record, '$.start_s'), MAX(json_extract(record, '$.end_s')), "
    "json_extract(record, '$.distance_km')"
)
"""Of each trip what was said last: SQLite takes the other columns from the row of the MAX."""
_SHORTEST_S = 10.0
"""A run that ended sooner is a start that failed, and no trip."""


@dataclass(frozen=True, slots=True)
class TripSummary:
    """One trip; times are Unix seconds, None is unknown."""

    start_s: float
    end_s: float
    by_speed: bool
    """Whether it is a drive by the vehicle's speed; else a run of the box."""
    distance_km: float | None
    alerts: int
    gravest: Level | None
    """Of its alerts; None: there was none."""
    judged_ratio: float | None
    """Share of the time, as far as it was summed up, in which eyes could be judged; None: nothing was."""

    @property
    def length_s(self) -> float:
        """How long it took."""
        return self.end_s - self.start_s

    @property
    def alerts_per_hour(self) -> float | None:
        """None below ten minutes, of which nothing can be said by the hour."""
        return self.alerts * _HOUR_S / self.length_s if self.length_s >= _HOUR_S / 6 else None


@dataclass(frozen=True, slots=True)
class _Told:
    """What is counted: an alert at its start, or a summary's share of its period."""

    start_s: float
    end_s: float
    value: float


def trip_summaries(reader: TimelineReader, since_s: float, until_s: float) -> tuple[TripSummary, ...]:
    """The trips that touch the stretch, the newest first. Raises what its reader raises."""
    drives = reader.sums(_LAST_WORD, "trip", since_s, until_s, "GROUP BY 1, 2")
    stretches: list[tuple[float, float, bool, float | None]] = [
        (begun_s + start_s, begun_s + end_s, True, km) for begun_s, start_s, end_s, km in drives
    ]
    driven = {begun_s for begun_s, *_ in drives}
    for begun_s, last_s in reader.runs(since_s, until_s):
        if begun_s not in driven and last_s - begun_s >= _SHORTEST_S:
            stretches.append((begun_s, last_s, False, None))
    alerts = [
        _Told(begun_s + start_s, begun_s + start_s, _LEVELS[level])
        for begun_s, _, (type_, start_s, level) in reader.stream(
            "alert", since_s, until_s, ("$.type", "$.start_s", "$.level")
        )
        if type_ == "new"
    ]
    shares = [
        _Told(begun_s + start_s, begun_s + end_s, ratio)
        for begun_s, _, (start_s, end_s, ratio) in reader.stream(
            "summary", since_s, until_s, ("$.start_s", "$.end_s", "$.valid_ratio")
        )
        if ratio is not None
    ]
    found = [_journey(stretch, alerts, shares) for stretch in stretches]
    return tuple(sorted(found, key=lambda journey: -journey.start_s))


def _journey(
    stretch: tuple[float, float, bool, float | None], alerts: Iterable[_Told], shares: Sequence[_Told]
) -> TripSummary:
    start_s, end_s, by_speed, distance_km = stretch
    own = [alert.value for alert in alerts if start_s <= alert.start_s <= end_s]
    gravest = Level(int(max(own))) if own else None
    return TripSummary(start_s, end_s, by_speed, distance_km, len(own), gravest, _judged(start_s, end_s, shares))


def _judged(start_s: float, end_s: float, shares: Sequence[_Told]) -> float | None:
    """Each period counts by how much of it lies within."""
    within = [(min(share.end_s, end_s) - max(share.start_s, start_s), share.value) for share in shares]
    known = [(length_s, value) for length_s, value in within if length_s > 0]
    whole_s = sum(length_s for length_s, _ in known)
    return sum(length_s * value for length_s, value in known) / whole_s if whole_s else None
