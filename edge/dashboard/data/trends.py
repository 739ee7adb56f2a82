"""Long stretches of a timeline in few steps, summed in SQL: a day at 1 Hz is far more than a screen can show.

A step stands where it begins, so that the one that is still going on is within what is asked for.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from edge.dashboard.data.spans import GAP_S, FatigueStep, LevelSpanBuilder
from edge.dashboard.digest import GroupStep, ScoreStep
from edge.messages import Level
from edge.store.reader import TimelineReader

_RANK = (
    "CASE WHEN json_extract(record, '$.level') = 'none' AND (json_extract(record, '$.valid_ratio') = 0 "
    "OR json_extract(record, '$.unknown') IS NOT NULL) THEN NULL ELSE "
    f"CASE json_extract(record, '$.level') {' '.join(f'WHEN {x.name.lower()!r} THEN {x.value}' for x in Level)} END END"
)
"""The level as a number; NULL for a report that could not judge."""
_LENGTH_S = "json_extract(record, '$.end_s') - json_extract(record, '$.start_s')"
_SCORE = "json_extract(record, '$.score')"
HOUR_S = 3600.0
_ROUNDING_S = 1e-3
"""Sums of floating point that differ by less are the same."""


def fatigue_trend(reader: TimelineReader, since_s: float, until_s: float, width_s: float) -> tuple[FatigueStep, ...]:
    """The gravest level and the highest PERCLOS of all people in each step; steps without a report are left out."""
    columns = f"CAST(wall_s / {width_s!r} AS INTEGER), MAX({_RANK}), MAX(json_extract(record, '$.perclos_60'))"
    rows = reader.sums(columns, "fatigue", since_s, until_s, "GROUP BY 1 ORDER BY 1")
    return tuple(FatigueStep(n * width_s, None if rank is None else Level(rank), share) for n, rank, share in rows)


def score_trend(reader: TimelineReader, since_s: float, until_s: float, width_s: float) -> tuple[ScoreStep, ...]:
    """Mean, lowest and highest affect score in each step."""
    columns = f"CAST(wall_s / {width_s!r} AS INTEGER), AVG({_SCORE}), MIN({_SCORE}), MAX({_SCORE}), COUNT(*)"
    rows = reader.sums(columns, "affect", since_s, until_s, "GROUP BY 1 ORDER BY 1")
    return tuple(ScoreStep(n * width_s, mean, low, high, count) for n, mean, low, high, count in rows)


GROUP_FIGURES = tuple(figure.name for figure in fields(GroupStep))[1:]
"""What of a group is averaged over a step."""


def group_trend(reader: TimelineReader, since_s: float, until_s: float, width_s: float) -> tuple[GroupStep, ...]:
    """Mean of what the group had in common in each step."""
    means = ", ".join(f"AVG(json_extract(record, '$.{name}'))" for name in GROUP_FIGURES)
    columns = f"CAST(wall_s / {width_s!r} AS INTEGER), {means}"
    rows = reader.sums(columns, "group", since_s, until_s, "GROUP BY 1 ORDER BY 1")
    return tuple(GroupStep(n * width_s, *values) for n, *values in rows)


@dataclass(frozen=True, slots=True)
class Hour:
    """What one hour came to; every mapping is empty where nothing of its kind is on record."""

    emotions: Mapping[str, float] = field(default_factory=dict)
    """Seconds judged to be each emotion."""
    polarities: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    """Seconds at each fatigue level, `unknown` among them."""
    alerts: Mapping[str, float] = field(default_factory=dict)
    """How often an alert of each kind began."""


def hours(reader: TimelineReader, since_s: float, until_s: float) -> dict[int, Hour]:
    """The hours from `since_s` on, by their number; those of which nothing is on record are left out.

    Each is read by itself: a reader that held the file for a month would keep the writer from tidying up.
    """
    count = math.ceil((until_s - since_s) / HOUR_S)
    starts_s = [since_s + number * HOUR_S for number in range(count)]
    found = {n: _hour(reader, start_s, min(start_s + HOUR_S, until_s)) for n, start_s in enumerate(starts_s)}
    return {number: hour for number, hour in found.items() if hour != Hour()}


def _hour(reader: TimelineReader, since_s: float, until_s: float) -> Hour:
    sums: dict[str, dict[str, float]] = {}
    for part, key in (("emotions", "emotion"), ("polarities", "polarity")):
        columns = f"json_extract(record, '$.{key}'), SUM({_LENGTH_S})"
        sums[part] = dict(reader.sums(columns, "affect", since_s, until_s, "GROUP BY 1"))
    columns = "json_extract(record, '$.alert'), SUM(json_extract(record, '$.type') = 'new')"
    begun = reader.sums(columns, "alert", since_s, until_s, "GROUP BY 1")
    levels = _level_lengths(reader, since_s, until_s)
    return Hour(**sums, levels=levels, alerts={kind: float(count) for kind, count in begun if count})


def _level_lengths(reader: TimelineReader, since_s: float, until_s: float) -> dict[str, float]:
    """Seconds at each level as the report counts them, and those in which nobody could be judged as `unknown`."""
    fold = LevelSpanBuilder(since_s, until_s)
    columns = f"wall_s, json_extract(record, '$.track'), {_RANK}"
    reports = reader.sums(columns, "fatigue", since_s - GAP_S, until_s + GAP_S, "ORDER BY wall_s, id")
    for wall_s, track, rank in reports:
        fold.add(wall_s, track, None if rank is None else Level(rank))
    lengths_s: dict[str, float] = defaultdict(float)
    for span in fold.spans():
        lengths_s[span.level.name.lower()] += span.end_s - span.start_s
    unknown_s = fold.reported_s - sum(lengths_s.values())
    return lengths_s | ({"unknown": unknown_s} if unknown_s > _ROUNDING_S else {})
