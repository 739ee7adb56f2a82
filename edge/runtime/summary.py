"""The periodic summary of a run, computed from its messages."""

from __future__ import annotations

import math
from collections import defaultdict

from edge.config.constants import SEEN_GAP_S
from edge.messages import Affect, Alert, Face, Fatigue, Group, Message, Summary

_LEAST_S = 0.001
_GROUP = ("negative_share", "spread", "motion", "noise_db")
"""Fields of `Group` that a summary averages."""


class Summarizer:
    """Collects messages and returns a `Summary` at the end of each period."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
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
        return done

    def so_far(self, t_s: float) -> Summary:
        """The summary of the current period."""
        return self._period.summary(self._start_s, max(t_s, self._start_s + _LEAST_S))

    def finish(self, t_s: float) -> list[Summary]:
        """The summary of the last, shorter period."""
        return [self._end(t_s)] if t_s > self._start_s else []

    def _end(self, end_s: float) -> Summary:
        summary = self._period.summary(self._start_s, end_s)
        self._start_s, self._period = end_s, _Period(self._period.usable_last_s)
        return summary


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
            emotions={word: length_s / judged_s for word, length_s in sorted(self._emotion_s.items()) if judged_s},
            score_mean=self._score_s / judged_s if judged_s else None,
            perclos=sum(self._perclos) / len(self._perclos) if self._perclos else None,
            alerts=dict(sorted(self._alerts.items())),
            valid_ratio=min(self._usable_s / (end_s - start_s), 1.0),
            group_ratio=min(self._group_s / (end_s - start_s), 1.0),
            group={name: sum(values) / len(values) for name, values in self._groups.items()},
        )
