"""Events made of several messages: spans of a fatigue level, alerts, utterances with affect, group windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.messages import ROOM_SOUNDS, Affect, Alert, Fatigue, Group, Level, Transcript

REPORT_INTERVAL_S = 1.0
"""Fatigue is reported once a second, and immediately when it changes."""
GAP_S = 3.0
"""Without a report for this long the level is unknown."""
MODALITIES = ("text", "audio", "vision")
"""In display order."""


@dataclass(frozen=True, slots=True)
class FatigueStep:
    """The gravest fatigue among the people in one step of time."""

    t_s: float
    level: Level | None
    """None: the reports could not judge any person."""
    perclos_60: float | None


@dataclass(frozen=True, slots=True)
class LevelSpan:
    """A period with one level."""

    start_s: float
    end_s: float
    level: Level


class LevelSpanBuilder:
    """Builds the periods of each level from reports in order of time. With several people, the gravest level counts.

    A level lasts until the next report, or for `REPORT_INTERVAL_S` if no report follows within `GAP_S`.
    """

    def __init__(self, start_s: float, end_s: float) -> None:
        """Time before `start_s` and after `end_s` does not count."""
        self._start_s, self._end_s = start_s, end_s
        self._held: dict[int | None, tuple[float, Level | None]] = {}
        self._t_s: float | None = None
        self._spans: list[tuple[float, float, Level]] = []
        self.unknown_s = 0.0
        """Time with reports of which none could judge; complete after `spans`."""

    def add(self, t_s: float, track: int | None, level: Level | None) -> None:
        """Add a report; `level` is None if it could not judge."""
        if self._t_s is not None:
            self._hold(t_s if 0.0 <= t_s - self._t_s <= GAP_S else self._t_s + REPORT_INTERVAL_S)
        if self._held.keys() - {track}:
            self._held = {who: held for who, held in self._held.items() if 0.0 <= t_s - held[0] <= GAP_S}
        self._held[track] = t_s, level
        self._t_s = t_s

    def spans(self) -> tuple[LevelSpan, ...]:
        """All spans; the last report lasts for `REPORT_INTERVAL_S`."""
        if self._t_s is not None:
            self._hold(self._t_s + REPORT_INTERVAL_S)
            self._t_s = None
        return tuple(LevelSpan(*span) for span in self._spans)

    def _hold(self, until_s: float) -> None:
        level = max((level for _, level in self._held.values() if level is not None), default=None)
        start_s, end_s = max(self._t_s or 0.0, self._start_s), min(until_s, self._end_s)
        if end_s <= start_s:
            return
        if level is None:
            self.unknown_s += end_s - start_s
        elif self._spans and self._spans[-1][1:] == (start_s, level):
            self._spans[-1] = (self._spans[-1][0], end_s, level)
        else:
            self._spans.append((start_s, end_s, level))


class FatigueStepBuilder:
    """Finds the gravest report of all people in each step of `width_s`, for charts."""

    def __init__(self, width_s: float) -> None:
        self._width_s = width_s
        self._levels: dict[int, Level | None] = {}
        self._shares: dict[int, float] = {}

    def add(self, t_s: float, level: Level | None, perclos_60: float | None) -> None:
        """One report."""
        number = int(t_s // self._width_s)
        known = self._levels.setdefault(number, level)
        if level is not None and (known is None or level > known):
            self._levels[number] = level
        if perclos_60 is not None and perclos_60 >= self._shares.get(number, perclos_60):
            self._shares[number] = perclos_60

    def steps(self) -> tuple[FatigueStep, ...]:
        """In order of time; steps without a report are left out."""
        return tuple(
            FatigueStep(number * self._width_s, self._levels[number], self._shares.get(number))
            for number in sorted(self._levels)
        )


def fatigue_steps(reports: Sequence[Fatigue], width_s: float) -> tuple[FatigueStep, ...]:
    """The steps of `reports`."""
    builder = FatigueStepBuilder(width_s)
    for report in reports:
        builder.add(report.t_s, report.known_level, report.perclos_60)
    return builder.steps()


def held_since(steps: Sequence[FatigueStep]) -> float | None:
    """Since when the level of the last step holds without a break; steps are no wider than `GAP_S`."""
    begun_s = None
    last = steps[-1].level if steps else None
    for step in reversed(steps):
        if step.level != last or (begun_s is not None and begun_s - step.t_s > GAP_S):
            break
        begun_s = step.t_s
    return begun_s


def level_spans(steps: Sequence[FatigueStep], width_s: float) -> tuple[LevelSpan, ...]:
    """The level bands of a chart; steps without a known level have none."""
    spans: list[LevelSpan] = []
    for step in steps:
        if step.level is None:
            continue
        last = spans[-1] if spans else None
        if last and step.level == last.level and step.t_s - last.end_s <= GAP_S:
            spans[-1] = LevelSpan(last.start_s, step.t_s + width_s, last.level)
        else:
            spans.append(LevelSpan(step.t_s, step.t_s + width_s, step.level))
    return tuple(spans)


@dataclass(frozen=True, slots=True)
class Incident:
    """One alert from new to end; `end_s` is None while it lasts or if its end was not recorded."""

    id: str
    alert: str
    level: Level
    """The gravest it reached."""
    start_s: float
    end_s: float | None
    duration_s: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """The affect scores in one step of time, used if there are too many to show each."""

    t_s: float
    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class GroupStep:
    """Means over a group in one step of time; None is unknown."""

    t_s: float
    negative_share: float | None
    spread: float | None
    motion: float | None
    noise_db: float | None
    sounds: tuple[str, ...] = ()
    """Of `ROOM_SOUNDS`, those in any window of the step."""


@dataclass(frozen=True, slots=True)
class UtteranceSummary:
    """One utterance or window: its affect, and its words if they are recorded."""

    start_s: float
    end_s: float
    score: float | None
    emotion: str | None
    polarity: str | None
    words: str | None
    modalities: Mapping[str, float | None] = field(default_factory=dict)
    """The score of text, voice and face alone."""


def incidents(alerts: Iterable[Alert]) -> tuple[Incident, ...]:
    """Every alert once, in the order of its first message, with its gravest level and its last evidence."""
    found: dict[str, Incident] = {}
    for alert in alerts:
        add_alert_step(alert, found)
    return tuple(found.values())


def add_alert_step(alert: Alert, found: dict[str, Incident]) -> None:
    """Add one message of an alert to the incidents found so far."""
    known = found.get(alert.id)
    found[alert.id] = Incident(
        id=alert.id,
        alert=alert.alert,
        level=max(alert.level, known.level) if known else alert.level,
        start_s=alert.start_s,
        end_s=alert.t_s if alert.type == "end" else None,
        duration_s=alert.duration_s,
        evidence=alert.evidence,
    )


class GroupStepBuilder:
    """Means of group windows in each step, for charts."""

    def __init__(self, width_s: float) -> None:
        self._width_s = width_s
        self._steps: dict[int, list[Group]] = defaultdict(list)

    def add(self, group: Group) -> None:
        """One window of a group."""
        self._steps[int(group.t_s // self._width_s)].append(group)

    def steps(self) -> tuple[GroupStep, ...]:
        """In order of time."""
        return tuple(
            GroupStep(
                (number + 0.5) * self._width_s,
                negative_share=_mean(groups, "negative_share"),
                spread=_mean(groups, "spread"),
                motion=_mean(groups, "motion"),
                noise_db=_mean(groups, "noise_db"),
                sounds=tuple(name for name in ROOM_SOUNDS if any(name in group.sounds for group in groups)),
            )
            for number, groups in sorted(self._steps.items())
        )


def _mean(groups: list[Group], name: str) -> float | None:
    known = [value for group in groups if (value := getattr(group, name)) is not None]
    return sum(known) / len(known) if known else None


def utterance_summaries(affects: Sequence[Affect], transcripts: Sequence[Transcript]) -> tuple[UtteranceSummary, ...]:
    """Every utterance and window once, in order. Affect and transcript of an utterance have the same `start_s`."""
    words = {transcript.start_s: transcript for transcript in transcripts}
    found = []
    for affect in affects:
        transcript = words.pop(affect.start_s, None)
        text = transcript.text or None if transcript else None
        found.append(
            UtteranceSummary(
                affect.start_s, affect.end_s, affect.score, affect.emotion, affect.polarity, text, affect.modalities
            )
        )
    found += [
        UtteranceSummary(item.start_s, item.end_s, None, None, None, item.text or None) for item in words.values()
    ]
    return tuple(sorted(found, key=lambda item: item.start_s))


def emotion_shares(affects: Sequence[Affect]) -> dict[str, float]:
    """Share of the judged time of each emotion, the most frequent first."""
    lengths_s: dict[str, float] = defaultdict(float)
    for affect in affects:
        lengths_s[affect.emotion] += affect.end_s - affect.start_s
    judged_s = sum(lengths_s.values())
    ranked = sorted(lengths_s.items(), key=lambda item: -item[1])
    return {word: length_s / judged_s for word, length_s in ranked} if judged_s else {}
