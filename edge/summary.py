"""What a run reports about its past: the summary of each period, and the trips of the vehicle."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace

from edge.config.constants import SEEN_GAP_S
from edge.messages import Affect, Alert, Face, Fatigue, Group, Message, Speed, Summary, Trip, TripFigures

MOVING_KMH = 3.0
"""Slower counts as standing: a satellite receiver at rest reports up to 2 km/h (chosen)."""
ENDS_S = 600.0
"""Standing for this long ends a trip: longer than at a light or a stop (chosen)."""
REPORT_EVERY_S = 30.0
"""A moving trip is reported this often: switching off the ignition may cut the power."""
_GAP_S = 5.0
"""Receivers report the speed once a second; the distance of a longer gap is unknown."""
_MOST_UNKNOWN = 0.05
"""With more than this share of the trip in gaps its distance is unknown."""
_LEAST_S = 0.001
_BIN_S, _MOST_BINS = 10.0, 24 * 360
"""The judged time of a trip is counted in bins of this length, of the last day at most."""
_GROUP = ("negative_share", "spread", "motion", "noise_db")
"""Fields of `Group` that a summary averages."""


class Summarizer:
    """Collects messages and returns a `Summary` at the end of each period.

    A trip that ends also ends the period, and its figures stand in that summary: so periods never overlap.
    """

    def __init__(self, every_s: float, runs_are_trips: bool = False) -> None:
        """`runs_are_trips`: without a source of speed the whole run counts as one trip."""
        self._every_s = every_s
        self._trip = TripCounter(runs_are_trips)
        self._start_s = 0.0
        self._period = _Period(-math.inf)

    def step(self, message: Message) -> list[Summary]:
        """Handle one message; return the summaries of the periods that it ends.

        Late messages (an utterance is analysed after it was spoken) count in the period in which they arrive.
        """
        done = []
        while message.t_s >= self._start_s + self._every_s:
            done.append(self._end(self._start_s + self._every_s))
        self._period.add(message)
        self._trip.add(message)
        if isinstance(message, Trip) and message.ended and message.t_s > self._start_s:
            done.append(replace(self._end(message.t_s), trip=self._trip.take(message.t_s)))
        return done

    def so_far(self, t_s: float) -> Summary:
        """The summary of the current period."""
        return self._period.summary(self._start_s, max(t_s, self._start_s + _LEAST_S))

    def finish(self, t_s: float) -> list[Summary]:
        """The summary of the last, shorter period."""
        return [replace(self._end(t_s), trip=self._trip.take(t_s))] if t_s > self._start_s else []

    def _end(self, end_s: float) -> Summary:
        summary = self._period.summary(self._start_s, end_s)
        self._start_s, self._period = end_s, _Period(self._period.usable_last_s)
        return summary


class TripCounter:
    """Counts the alerts and the judged time of the current trip."""

    def __init__(self, runs_are_trips: bool) -> None:
        self._runs_are_trips = runs_are_trips
        self._trip: Trip | None = None
        self._alerts: dict[str, Alert] = {}
        """The gravest step of each alert, by its id."""
        self._judged_s: dict[int, float] = defaultdict(float)
        """Time with usable eyes in each `_BIN_S`."""
        self._usable_last_s = -math.inf

    def add(self, message: Message) -> None:
        """Add one message; a trip's own counts from its first movement on, which is told later."""
        if isinstance(message, Face) and message.usable:
            gap_s = message.t_s - self._usable_last_s
            self._judged_s[int(message.t_s // _BIN_S)] += gap_s if gap_s <= SEEN_GAP_S else 0.0
            self._usable_last_s = message.t_s
        elif isinstance(message, Alert):
            known = self._alerts.get(message.id)
            if known is None or message.level > known.level:
                self._alerts[message.id] = message
        elif isinstance(message, Trip):
            self._trip = message
        if len(self._judged_s) > _MOST_BINS:
            del self._judged_s[min(self._judged_s)]

    def take(self, t_s: float) -> TripFigures | None:
        """The figures of the trip that ends at `t_s`, and count anew; None without a trip."""
        trip = self._trip or (Trip(t_s, 0.0, t_s, None) if self._runs_are_trips else None)
        figures = self._figures(trip) if trip and trip.end_s > trip.start_s else None
        self._trip, self._alerts = None, {}
        self._judged_s.clear()
        return figures

    def _figures(self, trip: Trip) -> TripFigures:
        own = [alert for alert in self._alerts.values() if trip.start_s <= alert.start_s <= trip.end_s]
        kinds = Counter(alert.alert for alert in own)
        levels = {kind: max(alert.level for alert in own if alert.alert == kind) for kind in kinds}
        bins = range(int(trip.start_s // _BIN_S), int(trip.end_s // _BIN_S) + 1)
        judged_s = sum(self._judged_s.get(number, 0.0) for number in bins)
        return TripFigures(
            start_s=trip.start_s,
            end_s=trip.end_s,
            distance_km=trip.distance_km,
            alerts=dict(sorted(kinds.items())),
            levels={kind: level.name.lower() for kind, level in sorted(levels.items())},
            judged_ratio=min(judged_s / (trip.end_s - trip.start_s), 1.0),
        )


class _Period:
    """Sums of one period."""

    def __init__(self, usable_last_s: float) -> None:
        self.usable_last_s = usable_last_s
        """When eyes were last usable."""
        self._usable_s = 0.0
        self._emotion_s: dict[str, float] = defaultdict(float)
        self._score_s = 0.0
        self._perclos: list[float] = []
        self._alerts: dict[str, int] = defaultdict(int)
        self._group_s = 0.0
        self._groups: dict[str, list[float]] = defaultdict(list)

    def add(self, message: Message) -> None:
        if isinstance(message, Face) and message.usable:
            gap_s = message.t_s - self.usable_last_s
            self._usable_s += gap_s if gap_s <= SEEN_GAP_S else 0.0
            self.usable_last_s = message.t_s
        elif isinstance(message, Fatigue) and message.perclos_60 is not None:
            self._perclos.append(message.perclos_60)
        elif isinstance(message, Affect):
            length_s = message.end_s - message.start_s
            self._emotion_s[message.emotion] += length_s
            self._score_s += length_s * message.score
        elif isinstance(message, Group):
            self._group_s += message.end_s - message.start_s
            for name in _GROUP:
                if (value := getattr(message, name)) is not None:
                    self._groups[name].append(value)
        elif isinstance(message, Alert) and message.type == "new":
            self._alerts[message.alert] += 1

    def summary(self, start_s: float, end_s: float) -> Summary:
        """Emotions as shares of the judged time, the score weighted by it, PERCLOS as the mean of its reports."""
        judged_s = sum(self._emotion_s.values())
        return Summary(
            t_s=end_s,
            start_s=start_s,
            end_s=end_s,
            emotions={
                emotion: length_s / judged_s for emotion, length_s in sorted(self._emotion_s.items()) if judged_s
            },
            score_mean=self._score_s / judged_s if judged_s else None,
            perclos=sum(self._perclos) / len(self._perclos) if self._perclos else None,
            alerts=dict(sorted(self._alerts.items())),
            valid_ratio=min(self._usable_s / (end_s - start_s), 1.0),
            group_ratio=min(self._group_s / (end_s - start_s), 1.0),
            group={name: sum(values) / len(values) for name, values in self._groups.items()},
        )


class TripMeter:
    """Measures trips from speeds in order of time: reports the trip while it moves, at a stop and at its end."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._end_s = self._reported_s = 0.0
        self._last: Speed | None = None
        self._km = self._silent_s = 0.0

    def step(self, speed: Speed) -> list[Trip]:
        """Take one speed; return the trip so far, if a report is due."""
        last, self._last = self._last, speed
        if self._start_s is not None and speed.t_s - self._end_s > ENDS_S:
            ended, self._start_s = replace(self._report(speed.t_s), ended=True), None
            return [ended, *self._moved(last, speed)]
        return self._moved(last, speed)

    def _moved(self, last: Speed | None, speed: Speed) -> list[Trip]:
        if speed.speed_kmh < MOVING_KMH:
            stopped = last is not None and last.speed_kmh >= MOVING_KMH and self._start_s is not None
            return [self._report(speed.t_s)] if stopped else []
        if self._start_s is None:
            self._start_s = self._reported_s = self._end_s = speed.t_s
            self._km = self._silent_s = 0.0
            return []
        self._move(last, speed)
        return [self._report(speed.t_s)] if speed.t_s - self._reported_s >= REPORT_EVERY_S else []

    def _move(self, last: Speed | None, speed: Speed) -> None:
        self._end_s = speed.t_s
        if last is None:
            return
        length_s = speed.t_s - last.t_s
        if length_s > _GAP_S:
            self._silent_s += length_s
        else:
            self._km += (last.speed_kmh + speed.speed_kmh) / 2 * length_s / 3600.0

    def _report(self, t_s: float) -> Trip:
        assert self._start_s is not None
        self._reported_s = t_s
        known = self._silent_s <= _MOST_UNKNOWN * (self._end_s - self._start_s)
        return Trip(t_s, self._start_s, self._end_s, round(self._km, 3) if known else None)
