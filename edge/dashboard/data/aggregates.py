"""Aggregates of a recording or a period of a timeline, built message by message to bound the memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.dashboard.data.events import (
    REPORT_INTERVAL_S,
    FatigueStep,
    FatigueStepBuilder,
    GroupStep,
    Incident,
    LevelSpan,
    LevelSpanBuilder,
    ScoreStep,
    UtteranceSummary,
    add_alert_step,
    emotion_shares,
    utterance_summaries,
)
from edge.messages import (
    Affect,
    Alert,
    Blink,
    Closure,
    Face,
    Fatigue,
    Level,
    Message,
    Nod,
    Source,
    Speech,
    Transcript,
    Yawn,
)

_LONG = ("long", "microsleep", "sleep")
"""Classes of closures longer than a blink."""

MAX_STEPS = 600
"""Steps of a fatigue chart: about one for two pixels of a wide screen."""
MIN_STEP_S = REPORT_INTERVAL_S


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Figures, spans and events of a period; None is unknown."""

    start_s: float
    end_s: float
    people: int
    faces: int
    usable_ratio: float | None
    """Share of the recorded time in which eyes could be judged; None if no face is recorded."""
    unusable: Mapping[str, float]
    """Share of the observations that were unusable, by reason."""
    steps: tuple[FatigueStep, ...]
    levels: tuple[LevelSpan, ...]
    unknown_s: float
    """Time with reports of which none could judge; 0 if no reports were added."""
    perclos_mean: float | None
    perclos_max: float | None
    blinks: int
    closures: Mapping[str, int]
    """Closures longer than a blink, by class."""
    yawns: int
    nods: int
    utterances: int
    utterance_summaries: tuple[UtteranceSummary, ...]
    emotions: Mapping[str, float]
    """Share of the judged time."""
    score_mean: float | None
    incidents: tuple[Incident, ...]
    sources: tuple[Source, ...]
    """Sources and stages that were lost or absent."""
    score_steps: tuple[ScoreStep, ...] = ()
    """Replaces `utterance_summaries` over a long period of a timeline."""
    group_steps: tuple[GroupStep, ...] = ()


class Aggregator:
    """Takes the messages of each kind in order of time, and returns their `aggregate`."""

    def __init__(self, start_s: float, end_s: float) -> None:
        """The ends of the period; messages before it only set the level at its start."""
        self.empty = True
        """Whether no message was added."""
        self._start_s, self._end_s = start_s, end_s
        self.width_s = max(MIN_STEP_S, (end_s - start_s) / MAX_STEPS)
        """Width of a step of fatigue and groups."""
        self._levels, self._steps = LevelSpanBuilder(start_s, end_s), FatigueStepBuilder(self.width_s)
        self._perclos_sum, self._perclos_count, self._perclos_max = 0.0, 0, -math.inf
        self._time = _Time()
        self._tracks: set[int] = set()
        self._faces = self._usable = 0
        self._unusable: Counter[str] = Counter()
        self.blinks = 0
        self._closures: Counter[str] = Counter()
        self._counts: Counter[type[Message]] = Counter()
        self._affects: list[Affect] = []
        self._words: list[Transcript] = []
        self._incidents: dict[str, Incident] = {}
        self._missing: dict[tuple[str, str], Source] = {}

    def add(self, message: Message) -> None:
        """Add one message."""
        self.empty = False
        match message:
            case Face():
                self.faces(message.track, message.usable, message.reason and message.reason.value)
            case Fatigue():
                self.fatigue(message.t_s, message.track, message.known_level, message.perclos_60, message.judged_s)
            case Blink():
                self.blinks += 1
            case Closure():
                self._closures[message.class_] += 1
            case Affect():
                self._affects.append(message)
            case Transcript():
                self._words.append(message)
            case Alert():
                add_alert_step(message, self._incidents)
            case Source() if message.state != "ok":
                self._missing.setdefault((message.source, message.state), message)
            case Yawn() | Nod() | Speech():
                self._counts[type(message)] += 1

    def faces(self, track: int | None, usable: bool, reason: str | None, count: int = 1) -> None:
        """Add `count` equal observations; `track` is None without a face."""
        self.empty = False
        self._faces += count
        self._usable += count if usable else 0
        if track is not None:
            self._tracks.add(track)
        if not usable and reason:
            self._unusable[reason] += count

    def begin_run(self) -> None:
        """Start another run of the box."""
        self._time.begin()

    def fatigue(
        self, t_s: float, track: int | None, level: Level | None, perclos_60: float | None, judged_s: float | None
    ) -> None:
        """Add one report of a person's fatigue; `level` is its `known_level`."""
        self.empty = False
        self._levels.add(t_s, track, level)
        if t_s < self._start_s:
            return
        if judged_s is not None:
            self._time.judged(t_s, judged_s)
        self._steps.add(t_s, level, perclos_60)
        if perclos_60 is not None:
            self._perclos_sum += perclos_60
            self._perclos_count += 1
            self._perclos_max = max(self._perclos_max, perclos_60)

    def aggregate(self) -> Aggregates:
        """The aggregates of all messages so far."""
        affects, judged_s = self._affects, sum(affect.end_s - affect.start_s for affect in self._affects)
        usable = self._usable / self._faces if self._faces else None
        return Aggregates(
            start_s=self._start_s,
            end_s=self._end_s,
            people=len(self._tracks),
            faces=self._faces,
            usable_ratio=usable if self._time.share is None else self._time.share,
            unusable={reason: count / self._faces for reason, count in self._unusable.most_common()},
            steps=self._steps.steps(),
            levels=self._levels.spans(),
            unknown_s=self._levels.unknown_s,
            perclos_mean=self._perclos_sum / self._perclos_count if self._perclos_count else None,
            perclos_max=self._perclos_max if self._perclos_count else None,
            blinks=self.blinks,
            closures={class_: self._closures[class_] for class_ in _LONG if self._closures[class_]},
            yawns=self._counts[Yawn],
            nods=self._counts[Nod],
            utterances=self._counts[Speech],
            utterance_summaries=utterance_summaries(affects, self._words),
            emotions=emotion_shares(affects),
            score_mean=sum(a.score * (a.end_s - a.start_s) for a in affects) / judged_s if judged_s else None,
            incidents=tuple(self._incidents.values()),
            sources=tuple(self._missing.values()),
        )


class _Time:
    """Share of the recorded time, gaps included, in which the eyes of at least one person could be judged."""

    def __init__(self) -> None:
        self._first_s = self._last_s = self._length_s = 0.0
        self._bin, self._bin_s, self._judged_s = -1, 0.0, 0.0
        self._begun = False

    def begin(self) -> None:
        """Start another run of the box; the time between two runs does not count."""
        self._length_s += self._last_s - self._first_s
        self._first_s = self._last_s = 0.0
        self._begun = False

    def judged(self, t_s: float, judged_s: float) -> None:
        """Add a report; of several people in one second, the longest judged time counts."""
        if not self._begun:
            self._first_s, self._begun = t_s, True
        self._last_s = t_s
        if int(t_s) != self._bin:
            self._judged_s += self._bin_s
            self._bin, self._bin_s = int(t_s), 0.0
        self._bin_s = max(self._bin_s, judged_s)

    @property
    def share(self) -> float | None:
        """None without reports."""
        length_s = self._length_s + self._last_s - self._first_s
        return min(1.0, (self._judged_s + self._bin_s) / length_s) if length_s > 0 else None


def aggregate(messages: Iterable[Message], start_s: float | None = None, end_s: float | None = None) -> Aggregates:
    """Aggregate `messages`; by default the period is that of the messages."""
    messages = list(messages)
    start_s = min((message.t_s for message in messages), default=0.0) if start_s is None else start_s
    aggregator = Aggregator(
        start_s, max((message.t_s for message in messages), default=start_s) if end_s is None else end_s
    )
    for message in messages:
        aggregator.add(message)
    return aggregator.aggregate()
