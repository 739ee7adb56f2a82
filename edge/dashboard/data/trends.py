"""Trends of a long period in few steps, aggregated in SQL and cached: a day at 1 Hz has more points than a screen.

`t_s` of a step is its start, so that the current step lies within the requested period.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from edge.dashboard.data.events import GAP_S, FatigueStep, GroupStep, LevelSpanBuilder, ScoreStep
from edge.messages import ROOM_SOUNDS, Level
from edge.store.reader import TimelineReader

_Step = TypeVar("_Step", FatigueStep, ScoreStep, GroupStep)
_Trend = Callable[[TimelineReader, float, float, float], tuple[_Step, ...]]
"""Arguments: reader, since and until (Unix seconds), width of a step."""

_BLOCK_STEPS = 50
_SETTLED_S = 60.0
"""A block that ended this long ago is complete: the writer commits every 2 s."""
_KEPT_S = 3600.0
"""Afterwards a block is read again: retention may have deleted records, and a clock correction may have moved them."""
_MAX_BLOCKS = 512

_RANK = (
    "CASE WHEN json_extract(record, '$.level') = 'none' AND (json_extract(record, '$.valid_ratio') = 0 "
    "OR json_extract(record, '$.unknown') IS NOT NULL) THEN NULL ELSE "
    f"CASE json_extract(record, '$.level') {' '.join(f'WHEN {x.name.lower()!r} THEN {x.value}' for x in Level)} END END"
)
"""The level as a number; NULL if a report could not judge."""
_LENGTH_S = "json_extract(record, '$.end_s') - json_extract(record, '$.start_s')"
_SCORE = "json_extract(record, '$.score')"
HOUR_S = 3600.0


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


def group_trend(reader: TimelineReader, since_s: float, until_s: float, width_s: float) -> tuple[GroupStep, ...]:
    """Means over the group in each step, and which sounds of the room it holds."""
    figures = ("negative_share", "spread", "motion", "noise_db")
    means = ", ".join(f"AVG(json_extract(record, '$.{name}'))" for name in figures)
    heard = ", ".join(f"MAX(instr(json_extract(record, '$.sounds'), '\"{name}\"'))" for name in ROOM_SOUNDS)
    columns = f"CAST(wall_s / {width_s!r} AS INTEGER), {means}, {heard}"
    rows = reader.sums(columns, "group", since_s, until_s, "GROUP BY 1 ORDER BY 1")
    return tuple(
        GroupStep(n * width_s, negative, spread, motion, noise_db, tuple(itertools.compress(ROOM_SOUNDS, found)))
        for n, negative, spread, motion, noise_db, *found in rows
    )


@dataclass(frozen=True, slots=True)
class Hour:
    """Sums of one hour; a mapping is empty if no message of its kind is recorded."""

    emotions: Mapping[str, float] = field(default_factory=dict)
    """Seconds judged to be each emotion."""
    polarities: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    """Seconds at each fatigue level, including `unknown`."""
    alerts: Mapping[str, float] = field(default_factory=dict)
    """How often an alert of each kind began."""


def hours(reader: TimelineReader, since_s: float, until_s: float) -> dict[int, Hour]:
    """The hours from `since_s`, by number; hours without records are left out.

    Each hour is a query of its own: a query over a month would keep the writer from its checkpoints.
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
    levels = level_lengths(reader, since_s, until_s)
    return Hour(**sums, levels=levels, alerts={kind: float(count) for kind, count in begun if count})


def level_lengths(reader: TimelineReader, since_s: float, until_s: float) -> dict[str, float]:
    """Seconds at each level as the report counts them; reports that could not judge count as `unknown`."""
    fold = LevelSpanBuilder(since_s, until_s)
    columns = f"wall_s, json_extract(record, '$.track'), {_RANK}"
    reports = reader.sums(columns, "fatigue", since_s - GAP_S, until_s + GAP_S, "ORDER BY wall_s, id")
    for wall_s, track, rank in reports:
        fold.add(wall_s, track, None if rank is None else Level(rank))
    lengths_s: dict[str, float] = defaultdict(float)
    for span in fold.spans():
        lengths_s[span.level.name.lower()] += span.end_s - span.start_s
    return lengths_s | ({"unknown": fold.unknown_s} if fold.unknown_s else {})


class TrendCache:
    """The steps of one timeline, cached block by block; thread-safe. Raises what its reader raises."""

    def __init__(self, reader: TimelineReader) -> None:
        self._reader, self._lock = reader, threading.Lock()
        self._known: dict[tuple[object, float, int], tuple[float, tuple[FatigueStep | ScoreStep | GroupStep, ...]]] = {}

    def steps(self, trend: _Trend[_Step], since_s: float, until_s: float, width_s: float) -> list[_Step]:
        """The steps of `trend` from `since_s` to `until_s`; the first may start earlier."""
        block_s, now_s = _BLOCK_STEPS * width_s, time.time()
        found: list[_Step] = []
        for number in range(math.floor(since_s / block_s), math.ceil(until_s / block_s)):
            start_s, end_s = number * block_s, (number + 1) * block_s
            if end_s < now_s - _SETTLED_S:
                found += self._settled(trend, number, width_s, start_s, end_s)
            else:
                found += trend(self._reader, start_s, min(end_s, until_s), width_s)
        return [step for step in found if since_s - width_s < step.t_s < until_s]

    def _settled(
        self, trend: _Trend[_Step], number: int, width_s: float, start_s: float, end_s: float
    ) -> tuple[_Step, ...]:
        asked_s, key = time.monotonic(), (trend, width_s, number)
        with self._lock:  # held during the query, so that threads that need the same block run it once
            known = self._known.get(key)
            if known and asked_s - known[0] < _KEPT_S:
                return known[1]  # type: ignore[return-value]  # what `trend` found
            found = trend(self._reader, start_s, end_s, width_s)
            if len(self._known) >= _MAX_BLOCKS:
                self._known.clear()
            self._known[key] = (asked_s, found)
            return found
