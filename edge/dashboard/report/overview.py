"""What many recordings have in common: one entry each, with who was judged how long, and what was felt and said."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.utterances import UtteranceLine
from edge.messages import Affect, Level


@dataclass(frozen=True, slots=True)
class MarkedMoment:
    """An utterance or window that stands out."""

    start_s: float
    score: float
    emotion: str
    spoken: bool
    words: str | None


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One recording; None is unknown."""

    name: str
    page: str
    """Its report, relative to the index."""
    length_s: float
    people: int | None
    """None where no face was looked for."""
    usable_ratio: float | None
    """Share of the time in which somebody's eyes could be judged."""
    judged_s: float
    """How much of it an affect was judged for."""
    utterances: int
    emotions: Mapping[str, float]
    """Shares of the judged time."""
    counts: Mapping[str, int]
    """How many utterances and windows each emotion was judged in."""
    mean: float | None
    spread: float | None
    """Standard deviation of the score over the judged time."""
    lowest: MarkedMoment | None
    highest: MarkedMoment | None
    alerts: int
    gravest: Level | None
    """Of the alerts."""
    curve: tuple[tuple[float, float], ...]
    """Middle (s) and score of each judgement."""
    faults: tuple[str, ...] = ()


def entry(subject: ReportData, page: str, faults: Sequence[str] = ()) -> RecordingEntry:
    """What one recording comes to."""
    found = subject.found
    judged = [(line, line.affect) for line in subject.lines if line.affect]
    affects = [affect for _, affect in judged]
    moments = [_moment(line, affect) for line, affect in judged]
    return RecordingEntry(
        name=subject.name,
        page=page,
        length_s=found.end_s - found.start_s,
        people=found.people if found.faces else None,
        usable_ratio=found.usable_ratio,
        judged_s=sum(affect.end_s - affect.start_s for affect in affects),
        utterances=found.utterances,
        emotions=found.emotions,
        counts=emotion_counts(affects),
        mean=found.score_mean,
        spread=spread(affects),
        lowest=min(moments, key=lambda moment: moment.score, default=None),
        highest=max(moments, key=lambda moment: moment.score, default=None),
        alerts=len(found.incidents),
        gravest=max((incident.level for incident in found.incidents), default=None),
        curve=tuple(((affect.start_s + affect.end_s) / 2, affect.score) for affect in affects),
        faults=tuple(faults),
    )


def emotion_counts(affects: Sequence[Affect]) -> dict[str, int]:
    """How many judgements gave each emotion, the most frequent first."""
    return dict(Counter(affect.emotion for affect in affects).most_common())


def spread(affects: Sequence[Affect]) -> float | None:
    """Standard deviation of the score, each judgement by its length; None without two."""
    weights = [affect.end_s - affect.start_s for affect in affects]
    whole = sum(weights)
    if len(affects) < 2 or not whole:
        return None
    mean = sum(w * affect.score for w, affect in zip(weights, affects, strict=True)) / whole
    return math.sqrt(sum(w * (affect.score - mean) ** 2 for w, affect in zip(weights, affects, strict=True)) / whole)


def _moment(line: UtteranceLine, affect: Affect) -> MarkedMoment:
    words = line.words.text if line.words and line.words.text else None
    return MarkedMoment(line.start_s, affect.score, affect.emotion, line.spoken, words)
