"""Arming of alerts by the vehicle's speed (armed if no speed is known), and the trips."""

from __future__ import annotations

from dataclasses import replace

from edge.config.decision import ArmingConfig
from edge.i18n.texts import Sentence
from edge.messages import SPEED, Source, Speed, Trip

MOVING_KMH = 3.0
"""Slower counts as standing: a satellite receiver at rest reports up to 2 km/h (chosen)."""
ENDS_S = 600.0
"""Standing for this long ends a trip: longer than at a light or a stop (chosen)."""
TOLD_EVERY_S = 30.0
"""A moving trip is reported this often: switching off the ignition may cut the power."""
_GAP_S = 5.0
"""Receivers report the speed once a second; the distance of a longer gap is unknown."""
_MOST_UNKNOWN = 0.05
"""With more than this share of the trip in gaps its distance is unknown."""


class Arming:
    """Two thresholds of speed with hysteresis: one for sleep (walking pace), one for all other alerts.

    Both are armed without a source of speed, and while the source is silent.
    """

    def __init__(self, config: ArmingConfig) -> None:
        self._config = config
        self._heard_s: float | None = None
        self._silent = False
        self._trips = TripMeter()
        self.armed = True
        """Whether alerts about a driving vehicle may be raised."""
        self.rolling = True
        """Whether alerts about sleep may be raised."""
        self.driving = False
        """Whether a received speed shows that the vehicle drives; False if this is only assumed."""

    def speed(self, speed: Speed) -> list[Source]:
        """Take one speed; return the state of the source (`SystemStatus` decides whether it is new)."""
        config, kmh = self._config, speed.speed_kmh
        self._heard_s, self._silent = speed.t_s, False
        self.armed = self.driving = kmh >= (config.off_kmh if self.armed else config.on_kmh)
        self.rolling = kmh >= (config.asleep_off_kmh if self.rolling else config.asleep_on_kmh)
        if self.armed:
            state = Sentence("armed", kmh=config.on_kmh)
        elif self.rolling:
            state = Sentence("armed_against_sleep", kmh=config.off_kmh)
        else:
            state = Sentence("disarmed", kmh=config.asleep_off_kmh)
        return [Source(speed.t_s, SPEED, "ok", state)]

    def trip(self, speed: Speed) -> list[Trip]:
        """The current trip after this speed."""
        return self._trips.step(speed)

    def advance(self, t_s: float) -> list[Source]:
        """Let time pass; a source that is silent for `silent_s` arms the box, reported once for each silence."""
        if self._config.source == "none" or self._silent:
            return []
        self._heard_s = t_s if self._heard_s is None else self._heard_s
        if t_s - self._heard_s <= self._config.silent_s:
            return []
        self.armed = self.rolling = self._silent = True
        self.driving = False
        return [Source(t_s, SPEED, "lost", Sentence("no_speed", seconds=self._config.silent_s))]


class TripMeter:
    """Measures trips from speeds in order of time: reports the trip while it moves, at a stop and at its end."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._end_s = self._told_s = 0.0
        self._last: Speed | None = None
        self._km = self._silent_s = 0.0

    def step(self, speed: Speed) -> list[Trip]:
        """Take one speed; return the trip so far, if a report is due."""
        last, self._last = self._last, speed
        if self._start_s is not None and speed.t_s - self._end_s > ENDS_S:
            told, self._start_s = replace(self._told(speed.t_s), ended=True), None
            return [told, *self._moved(last, speed)]
        return self._moved(last, speed)

    def _moved(self, last: Speed | None, speed: Speed) -> list[Trip]:
        if speed.speed_kmh < MOVING_KMH:
            stopped = last is not None and last.speed_kmh >= MOVING_KMH and self._start_s is not None
            return [self._told(speed.t_s)] if stopped else []
        if self._start_s is None:
            self._start_s = self._told_s = self._end_s = speed.t_s
            self._km = self._silent_s = 0.0
            return []
        self._move(last, speed)
        return [self._told(speed.t_s)] if speed.t_s - self._told_s >= TOLD_EVERY_S else []

    def _move(self, last: Speed | None, speed: Speed) -> None:
        self._end_s = speed.t_s
        if last is None:
            return
        length_s = speed.t_s - last.t_s
        if length_s > _GAP_S:
            self._silent_s += length_s
        else:
            self._km += (last.speed_kmh + speed.speed_kmh) / 2 * length_s / 3600.0

    def _told(self, t_s: float) -> Trip:
        assert self._start_s is not None
        self._told_s = t_s
        known = self._silent_s <= _MOST_UNKNOWN * (self._end_s - self._start_s)
        return Trip(t_s, self._start_s, self._end_s, round(self._km, 3) if known else None)
