"""Queries of the timeline for all pages: current state, a window of the past, hours of a day, trips."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from edge.dashboard.data import trends
from edge.dashboard.data.aggregates import MAX_STEPS, MIN_STEP_S, Aggregates, aggregate
from edge.dashboard.data.current_state import (
    EYES_WINDOW_S,
    FRESH_S,
    CurrentState,
    eye_samples,
    gravest,
    missing,
    newest,
    outputs,
)
from edge.dashboard.data.deserialize import KINDS, RecordError, to_wall_clock_message
from edge.dashboard.data.events import GAP_S, REPORT_INTERVAL_S, fatigue_steps, held_since, incidents, level_spans
from edge.dashboard.data.trends import TrendCache
from edge.dashboard.data.trips import TripSummary, trip_summaries
from edge.i18n.texts import Sentence
from edge.messages import Affect, Alert, Attention, Face, Fatigue, Group, Level, Message, Source
from edge.store.reader import TimelineReader

_LAST_ALERTS = 8
_ALERTS_WITHIN_S = 86_400.0
_AFFECT_WITHIN_S = 60.0
"""Older affect and group messages do not describe the current state."""
_LAST_WORDS_S = 3600.0
"""Only transcripts of this last part are read if a period has too many utterances."""
_STATE_KEPT_S = 0.8
"""One query of the state serves all browsers within this time."""
_HOURS_KEPT_S = 3600.0
_BACK_S, _MAX_BACK = 3600.0, 8
"""The start of a level is searched hour by hour, up to a shift."""
_MAX_DAYS = 64

_Kind = TypeVar("_Kind", bound=Message)
_Found = TypeVar("_Found")


class TimelineReadError(RecordError):
    """The timeline cannot be read; the message says which file and why."""


_Ends = tuple[float, float]


class _Part(NamedTuple):
    """A period in steps of one width."""

    since_s: float
    until_s: float
    width_s: float


class TimelineQueries:
    """A timeline with times in Unix seconds; thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = TimelineReader(path)
        self._trends = TrendCache(self._reader)
        self._lock = threading.Lock()
        self._state: tuple[float, CurrentState] | None = None
        self._held: tuple[Level | None, float] | None = None
        """The level of the last query, and since when it holds."""
        self._days: dict[tuple[float, float], tuple[float, Mapping[int, trends.Hour]]] = {}

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()

    def holds(self, kind: str) -> bool:
        """Whether a record of this kind is there; false while the file cannot be read."""
        with contextlib.suppress(TimelineReadError):
            return self._latest(kind) is not None
        return False

    def state(self) -> CurrentState:
        """The current state, from the newest records.

        Raises:
            TimelineReadError: the file is not a timeline, or a record does not match its schema.
        """
        with self._lock:
            asked_s = time.monotonic()
            if self._state is None or asked_s - self._state[0] > _STATE_KEPT_S:
                self._state = (asked_s, self._read_state())
            return self._state[1]

    def window(self, since_s: float, until_s: float, detail: tuple[float, float] | None = None) -> Aggregates:
        """Aggregates from `since_s` to `until_s` (Unix seconds) in about `MAX_STEPS` steps at most.

        The part from `detail[0]` to `detail[1]` has the same number of steps again.

        Raises:
            TimelineReadError: as `state`.
        """
        self.state()  # raises if another version wrote the file
        detail = (since_s, until_s) if detail is None else detail
        return self._asked(lambda: self._window((since_s, until_s), detail))

    def prepare(self, length_s: float) -> None:
        """Fill the cache with the last `length_s` in a background thread, so that the first page opens quickly."""

        def fill_cache() -> None:
            with contextlib.suppress(TimelineReadError):  # the page shows the error when it opens
                now_s = time.time()
                self.window(now_s - length_s, now_s)

        threading.Thread(target=fill_cache, name="prepare", daemon=True).start()

    def hours(self, since_s: float, until_s: float) -> Mapping[int, trends.Hour]:
        """The sums of each hour from `since_s` to `until_s`, by number; past days are cached.

        Raises:
            TimelineReadError: as `state`.
        """
        self.state()
        known = self._days.get((since_s, until_s))
        if known and time.monotonic() - known[0] < _HOURS_KEPT_S:
            return known[1]
        found = self._asked(lambda: trends.hours(self._reader, since_s, until_s))
        if until_s < time.time():
            if len(self._days) >= _MAX_DAYS:
                self._days.clear()
            self._days[since_s, until_s] = (time.monotonic(), found)
        return found

    def level_lengths(self, since_s: float, until_s: float) -> Mapping[str, float]:
        """Seconds at each level, as a report counts them; `unknown` could not be judged.

        Raises:
            TimelineReadError: as `state`.
        """
        return self._asked(lambda: trends.level_lengths(self._reader, since_s, until_s))

    def trips(self, since_s: float, until_s: float) -> tuple[TripSummary, ...]:
        """The trips of a period, newest first.

        Raises:
            TimelineReadError: as `state`.
        """
        return self._asked(lambda: trip_summaries(self._reader, since_s, until_s))

    def _read_state(self) -> CurrentState:
        last = max((record for kind in KINDS if (record := self._latest(kind))), key=_wall_s, default=None)
        if last is None:
            version = self._asked(self._reader.foreign_version)
            if version is not None:
                raise TimelineReadError(f"{self.path}: another version of EMVAS wrote it (schema {version})")
            return CurrentState(None)
        now_s = _wall_s(last)
        begun_s = now_s - last["t_s"] - 1.0
        reports = self._between(Fatigue, now_s - EYES_WINDOW_S, now_s + 1)
        fatigue = gravest(report for report in reports if report.t_s >= now_s - FRESH_S)
        faces = [face for face in self._between(Face, now_s - EYES_WINDOW_S, now_s + 1) if fatigue]
        of_person = [face for face in faces if fatigue and face.track == fatigue.track]
        looks = self._between(Attention, now_s - FRESH_S, now_s + 1)
        shown = incidents(self._between(Alert, now_s - _ALERTS_WITHIN_S, now_s + 1))
        sources = self._between(Source, begun_s, now_s + 1)
        return CurrentState(
            written_s=now_s,
            since_s=self._since(reports, now_s),
            fatigue=fatigue,
            face=next((face for face in reversed(of_person) if face.t_s >= now_s - FRESH_S), None),
            attention=newest(look for look in looks if fatigue and look.track == fatigue.track),
            affect=newest(self._between(Affect, now_s - _AFFECT_WITHIN_S, now_s + 1)),
            group=newest(self._between(Group, now_s - _AFFECT_WITHIN_S, now_s + 1)),
            missing=(*missing(sources), *self._damage(now_s)),
            outputs=outputs(sources),
            incidents=shown[: -_LAST_ALERTS - 1 : -1],
            eye_samples=eye_samples(
                of_person, [report for report in reports if fatigue and report.track == fatigue.track]
            ),
        )

    def _since(self, reports: list[Fatigue], now_s: float) -> float | None:
        """When the current level began; searched in the past once, then cached."""
        steps = fatigue_steps(reports, REPORT_INTERVAL_S)
        begun_s = held_since(steps)
        if begun_s is None or now_s - steps[-1].t_s > GAP_S:
            self._held = None
            return None
        level = steps[-1].level
        if begun_s - (now_s - EYES_WINDOW_S) > GAP_S:  # within `reports`
            self._held = level, begun_s
        elif self._held is None or self._held[0] != level:
            self._held = level, self._search_start(level, begun_s)
        return self._held[1]

    def _search_start(self, level: Level | None, begun_s: float) -> float:
        for _ in range(_MAX_BACK):
            since_s, until_s = begun_s - _BACK_S, begun_s + REPORT_INTERVAL_S
            steps = self._asked(partial(trends.fatigue_trend, self._reader, since_s, until_s, REPORT_INTERVAL_S))
            found_s = held_since(steps) if steps and steps[-1].level == level else None
            begun_s = begun_s if found_s is None else found_s
            if begun_s - since_s > GAP_S:
                break
        return begun_s

    def _damage(self, now_s: float) -> tuple[Source, ...]:
        rows = self._reader.unreadable
        return (Source(now_s, "timeline", "lost", Sentence("unreadable_rows", count=rows)),) if rows else ()

    def _window(self, whole: _Ends, detail: _Ends) -> Aggregates:
        ends = [(whole[0], detail[0], whole), (*detail, detail), (detail[1], whole[1], whole)]
        widths_s = [round(max(MIN_STEP_S, (of[1] - of[0]) / MAX_STEPS), 3) for *_, of in ends]
        parts = [_Part(a, b, width_s) for (a, b, _), width_s in zip(ends, widths_s, strict=True) if a < b]
        steps = [(part, self._trends.steps(trends.fatigue_trend, *part)) for part in parts]
        judged = [self._count("affect", part) for part in parts]
        shown = [part for part, count in zip(parts, judged, strict=True) if 0 < count <= MAX_STEPS]
        summed = [part for part, count in zip(parts, judged, strict=True) if count > MAX_STEPS]
        records = self._reader.between("alert", *whole)
        for part in shown:
            records += self._reader.between("affect", part.since_s, part.until_s)
        for part in parts if not summed else [*shown, _Part(max(whole[0], whole[1] - _LAST_WORDS_S), whole[1], 0.0)]:
            records += self._reader.between("transcript", part.since_s, part.until_s)
        messages = [message for record in records if (message := self._message(record))]
        return dataclasses.replace(
            aggregate(messages, *whole),
            steps=tuple(step for _, found in steps for step in found),
            levels=tuple(span for part, found in steps for span in level_spans(found, part.width_s)),
            score_steps=tuple(step for part in summed for step in self._trends.steps(trends.score_trend, *part)),
            group_steps=tuple(step for part in parts for step in self._trends.steps(trends.group_trend, *part)),
        )

    def _count(self, kind: str, part: _Part) -> int:
        return sum(count for (count,) in self._reader.sums("COUNT(*)", kind, part.since_s, part.until_s))

    def _between(self, type_: type[_Kind], since_s: float, until_s: float) -> list[_Kind]:
        records = self._asked(lambda: self._reader.between(type_.kind, since_s, until_s))
        messages = [self._message(record) for record in records]
        return [message for message in messages if isinstance(message, type_)]

    def _latest(self, kind: str) -> dict[str, Any] | None:
        return self._asked(lambda: self._reader.latest(kind))

    def _asked(self, ask: Callable[[], _Found]) -> _Found:
        try:
            return ask()
        except (sqlite3.Error, ValueError, OSError) as error:
            raise TimelineReadError(f"{self.path}: {error}") from error

    def _message(self, record: dict[str, Any]) -> Message | None:
        try:
            return to_wall_clock_message(record)
        except RecordError as error:
            raise TimelineReadError(f"{self.path}: a record of another version: {error}") from error


def _wall_s(record: dict[str, Any]) -> float:
    return float(record["wall_s"])
