"""Steps of a trend, remembered block by block: the past of a timeline does not change, so it is summed once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from edge.dashboard.data.spans import FatigueStep
from edge.dashboard.digest import GroupStep, ScoreStep
from edge.store.reader import TimelineReader

_BLOCK_STEPS = 50
_SETTLED_S = 60.0
"""A block that ended so long ago gets no further record: the writer commits every 2 s."""
_KEPT_S = 3600.0
"""Then a block is read again: retention may have deleted from it, a corrected clock may have moved it."""
_MOST_BLOCKS = 512

_Step = TypeVar("_Step", FatigueStep, ScoreStep, GroupStep)
_Trend = Callable[[TimelineReader, float, float, float], tuple[_Step, ...]]
"""Sums a stretch up: from and until (Unix seconds), and the width of a step."""


class TrendCache:
    """The steps of one timeline; safe from any thread. Raises what its reader raises."""

    def __init__(self, reader: TimelineReader) -> None:
        self._reader, self._lock = reader, threading.Lock()
        self._known: dict[tuple[object, float, int], tuple[float, tuple[FatigueStep | ScoreStep | GroupStep, ...]]] = {}

    def steps(self, trend: _Trend[_Step], since_s: float, until_s: float, width_s: float) -> list[_Step]:
        """The steps that `trend` finds from `since_s` to `until_s`; the first may begin before it."""
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
        with self._lock:  # also while it is summed: whoever asks for the same meanwhile waits instead of doing it again
            known = self._known.get(key)
            if known and asked_s - known[0] < _KEPT_S:
                return known[1]  # type: ignore[return-value]  # what `trend` found
            found = trend(self._reader, start_s, end_s, width_s)
            if len(self._known) >= _MOST_BLOCKS:
                self._known.clear()
            self._known[key] = (asked_s, found)
            return found
