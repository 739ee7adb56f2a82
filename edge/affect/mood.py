"""The moods of people: scores smoothed over time, in which a jump stays a jump, and watched for a lasting fall."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.affect.watch import MOOD_SHIFT, Watch
from edge.messages import Affect

_LASTS_S = 60.0
"""Time constant of the smoothing, in time seen."""
_FIRST_SPREAD = 0.15
"""Spread of a score around its mean before it is known."""
_LEAST_SPREAD = 0.05
_JUMP = 3.0
"""Spreads from the mood from which a score is a jump, when the next one confirms it: 0.3 % of normal scores."""
_SPREAD_OF_MEAN = 1.2533
"""Standard deviation of normal data over its mean absolute deviation."""
_WHOLE = 0.9
"""Share of an interval that counts as one: windows begin with the first picture after the last one's end."""
_FORGET_S = 300.0
"""Somebody unseen for this long comes back as somebody new."""
_AT_ONCE = 6.0
"""Spreads from which no confirmation is waited for."""


class Mood:
    """Exponential smoothing with a change detector; time without a score changes nothing."""

    def __init__(self) -> None:
        self._level: float | None = None
        self._spread = _FIRST_SPREAD
        self._doubted: float | None = None

    def step(self, length_s: float, score: float, confidence: float) -> float:
        """Take a score of a stretch of `length_s` that counts by its `confidence`; return the mood."""
        if self._level is None:
            self._level = score
            return score
        off = score - self._level
        far = abs(off) / self._spread
        confirmed = self._doubted is not None and self._doubted * off > 0
        if far >= _AT_ONCE or (far >= _JUMP and confirmed):
            self._level, self._doubted = score, None
            return self._level
        self._doubted = off if far >= _JUMP else None
        share = 1 - math.exp(-length_s * confidence / _LASTS_S)
        self._level += share * off
        off = _SPREAD_OF_MEAN * min(abs(off), _JUMP * self._spread)
        self._spread = max(self._spread + share * (off - self._spread), _LEAST_SPREAD)
        return self._level


@dataclass(slots=True)
class _Person:
    """One person's mood and the scores of the interval that goes on."""

    mood: Mood
    start_s: float
    seen_s: float
    weight: float = 0.0
    sum: float = 0.0


class Moods:
    """The mood of each known person; scores whose person is not known belong to nobody's mood."""

    def __init__(self, watch: Watch | None, interval_s: float) -> None:
        """`watch`, where moods may be watched, is told one mean score every `interval_s`."""
        self._watch, self._interval_s = watch, interval_s
        self._people: dict[int, _Person] = {}

    def join(self, affect: Affect) -> Affect:
        """Take what was felt; return it with the mood that it belongs to."""
        for track in [track for track, person in self._people.items() if affect.t_s - person.seen_s > _FORGET_S]:
            del self._people[track]
        if affect.track is None:
            return affect
        person = self._people.setdefault(affect.track, _Person(Mood(), affect.start_s, affect.t_s))
        length_s = affect.end_s - affect.start_s
        weight = length_s * affect.confidence
        person.seen_s = affect.t_s
        person.weight, person.sum = person.weight + weight, person.sum + weight * affect.score
        if affect.end_s - person.start_s >= _WHOLE * self._interval_s and person.weight > 0:
            if self._watch:
                self._watch.observe(MOOD_SHIFT, affect.track, affect.t_s, person.sum / person.weight)
            person.start_s, person.weight, person.sum = affect.end_s, 0.0, 0.0
        return replace(affect, mood=person.mood.step(length_s, affect.score, affect.confidence))
