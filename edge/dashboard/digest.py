"""What a recording or a stretch of a timeline comes to, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.dashboard.data.spans import FatigueStep, LevelSpan
from edge.messages import Level, Source


@dataclass(frozen=True, slots=True)
class Incident:
    """One alert from new to end; `end_s` is None while it lasts or when its end was never told."""

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
    """The affect scores in one step of time, where there are too many to show each."""

    t_s: float
    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class GroupStep:
    """What a group had in common in one step of time; None is unknown."""

    t_s: float
    negative_share: float | None
    spread: float | None
    motion: float | None
    noise_db: float | None


@dataclass(frozen=True, slots=True)
class UtteranceSummary:
    """One utterance or window: its affect, and its words where they are on record."""

    start_s: float
    end_s: float
    score: float | None
    emotion: str | None
    polarity: str | None
    words: str | None
    modalities: Mapping[str, float | None] = field(default_factory=dict)
    """What each of words, voice and face alone says."""


@dataclass(frozen=True, slots=True)
class Aggregates:
    """What a stretch of time comes to; None is unknown."""

    start_s: float
    end_s: float
    people: int
    faces: int
    usable_ratio: float | None
    """Share of the time on record in which somebody's eyes could be judged; None when no face is on record."""
    unusable: Mapping[str, float]
    """Share of the observations that each reason made unusable."""
    steps: tuple[FatigueStep, ...]
    levels: tuple[LevelSpan, ...]
    perclos_mean: float | None
    perclos_max: float | None
    blinks: int
    closures: Mapping[str, int]
    """Closures longer than a blink, by class."""
    yawns: int
    nods: int
    utterances: int
    said: tuple[UtteranceSummary, ...]
    emotions: Mapping[str, float]
    """Share of the judged time."""
    score_mean: float | None
    incidents: tuple[Incident, ...]
    sources: tuple[Source, ...]
    """What was lost or absent."""
    score_steps: tuple[ScoreStep, ...] = ()
    """In place of `said` over a long stretch of a timeline."""
    group_steps: tuple[GroupStep, ...] = ()
