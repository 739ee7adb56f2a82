"""From messages to numbers: what a recording or a stretch of a timeline comes to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

POINTS = 600
"""Steps in which fatigue is drawn: about one for two pixels of a wide screen."""
LEAST_STEP_S = 1.0
"""Fatigue is reported once a second."""
_GAP_S = 3.0
"""Without a report for this long the level is unknown."""


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
class Step:
    """The gravest fatigue among the people in one step of time."""

    t_s: float
    level: Level | None
    """None: somebody may have been there, but could not be judged."""
    perclos_60: float | None


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
    motion: float | None
    noise_db: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one level."""

    start_s: float
    end_s: float
    level: Level


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance or window: its affect, and its words where they are on record."""

    start_s: float
    end_s: float
    score: float | None
    emotion: str | None
    polarity: str | None
    words: str | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a stretch of time comes to; None is unknown."""

    start_s: float
    end_s: float
    people: int
    faces: int
    usable_ratio: float | None
    """Share of the observations of faces that could be judged; None when there are none."""
    unusable: Mapping[str, float]
    """Share of the observations that each reason made unusable."""
    steps: tuple[Step, ...]
    levels: tuple[Span, ...]
    perclos_mean: float | None
    perclos_max: float | None
    blinks: int
    closures: Mapping[str, int]
    """Closures longer than a blink, by class."""
    yawns: int
    nods: int
    utterances: int
    said: tuple[Said, ...]
    emotions: Mapping[str, float]
    """Share of the judged time."""
    score_mean: float | None
    incidents: tuple[Incident, ...]
    sources: tuple[Source, ...]
    """What was lost or absent."""
    score_steps: tuple[ScoreStep, ...] = ()
    """In place of `said` over a long stretch of a timeline."""
    group_steps: tuple[GroupStep, ...] = ()


def digest(messages: Sequence[Message], start_s: float | None = None, end_s: float | None = None) -> Digest:
    """Sum up `messages`; the stretch is that of the messages where it is not given."""
    start_s = min((message.t_s for message in messages), default=0.0) if start_s is None else start_s
    end_s = max((message.t_s for message in messages), default=start_s) if end_s is None else end_s
    faces = [message for message in messages if isinstance(message, Face)]
    unusable = Counter(face.reason.value for face in faces if not face.usable and face.reason)
    affects = [message for message in messages if isinstance(message, Affect)]
    closures = Counter(message.class_ for message in messages if isinstance(message, Closure))
    fatigue = [message for message in messages if isinstance(message, Fatigue)]
    width_s = max(LEAST_STEP_S, (end_s - start_s) / POINTS)
    steps = fatigue_steps(fatigue, width_s)
    perclos = [message.perclos_60 for message in fatigue if message.perclos_60 is not None]
    judged_s = sum(affect.end_s - affect.start_s for affect in affects)
    return Digest(
        start_s=start_s,
        end_s=end_s,
        people=len({face.track for face in faces if face.track is not None}),
        faces=len(faces),
        usable_ratio=sum(face.usable for face in faces) / len(faces) if faces else None,
        unusable={reason: count / len(faces) for reason, count in unusable.most_common()},
        steps=steps,
        levels=level_spans(steps, width_s),
        perclos_mean=sum(perclos) / len(perclos) if perclos else None,
        perclos_max=max(perclos, default=None),
        blinks=sum(isinstance(message, Blink) for message in messages),
        closures={class_: closures[class_] for class_ in ("long", "microsleep", "sleep") if closures[class_]},
        yawns=sum(isinstance(message, Yawn) for message in messages),
        nods=sum(isinstance(message, Nod) for message in messages),
        utterances=sum(isinstance(message, Speech) for message in messages),
        said=_said(affects, [message for message in messages if isinstance(message, Transcript)]),
        emotions=_shares(affects),
        score_mean=sum(a.score * (a.end_s - a.start_s) for a in affects) / judged_s if judged_s else None,
        incidents=incidents(message for message in messages if isinstance(message, Alert)),
        sources=_missing(message for message in messages if isinstance(message, Source)),
    )


def fatigue_steps(reports: Sequence[Fatigue], width_s: float) -> tuple[Step, ...]:
    """The gravest of all people in each step of `width_s`; steps without a report are left out."""
    found: dict[int, Step] = {}
    for report in reports:
        number = int(report.t_s // width_s)
        known = found.get(number, Step(number * width_s, None, None))
        shares = [share for share in (known.perclos_60, report.perclos_60) if share is not None]
        levels = [level for level in (known.level, report.known_level) if level is not None]
        found[number] = Step(known.t_s, max(levels, default=None), max(shares, default=None))
    return tuple(found[number] for number in sorted(found))


def level_spans(steps: Sequence[Step], width_s: float) -> tuple[Span, ...]:
    """Stretches of one level; where nothing was reported or judged there is none."""
    spans: list[Span] = []
    for step in steps:
        if step.level is None:
            continue
        last = spans[-1] if spans else None
        if last and step.level == last.level and step.t_s - last.end_s <= _GAP_S:
            spans[-1] = Span(last.start_s, step.t_s + width_s, last.level)
        else:
            spans.append(Span(step.t_s, step.t_s + width_s, step.level))
    return tuple(spans)


def incidents(alerts: Iterable[Alert]) -> tuple[Incident, ...]:
    """Every alert once, in the order of its first message, with its gravest level and its last evidence."""
    found: dict[str, Incident] = {}
    for alert in alerts:
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
    return tuple(found.values())


def _said(affects: Sequence[Affect], transcripts: Sequence[Transcript]) -> tuple[Said, ...]:
    words = {transcript.start_s: transcript for transcript in transcripts}
    said = []
    for affect in affects:
        transcript = words.pop(affect.start_s, None)
        text = transcript.text if transcript else None
        said.append(Said(affect.start_s, affect.end_s, affect.score, affect.emotion, affect.polarity, text))
    said += [Said(item.start_s, item.end_s, None, None, None, item.text) for item in words.values()]
    return tuple(sorted(said, key=lambda item: item.start_s))


def _shares(affects: Sequence[Affect]) -> dict[str, float]:
    lengths_s: dict[str, float] = defaultdict(float)
    for affect in affects:
        lengths_s[affect.emotion] += affect.end_s - affect.start_s
    judged_s = sum(lengths_s.values())
    ranked = sorted(lengths_s.items(), key=lambda item: -item[1])
    return {word: length_s / judged_s for word, length_s in ranked} if judged_s else {}


def _missing(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Each source that was lost or absent once, as it was told first."""
    found: dict[tuple[str, str], Source] = {}
    for source in sources:
        if source.state != "ok":
            found.setdefault((source.source, source.state), source)
    return tuple(found.values())
