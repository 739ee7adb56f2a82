"""Scores of the box on one recording against its truth, and the rates and shares of many scores.

The 95 % intervals go by person: people differ far more than frames of one person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from edge.alerts.condition import DISTRACTION, DROWSINESS, MICROSLEEP
from edge.config.decision import FatigueConfig
from edge.evaluation.truth import ClipTruth, Interval
from edge.fatigue.eyelid_spans import LONG_S
from edge.messages import Alert, Closure, Face, Level, Message, Yawn

READ_S = 0.15
"""Accuracy of the ends of the truth's intervals."""
CERTAIN = 0.7
"""Lowest certainty of a yawn that is scored."""
BRIDGE_S = 0.2
"""Longest time that one frame represents."""
_DRAWS = 2000
_NONE_SEEN = -math.log(0.05)
"""Upper 95 % limit on the number of events when none occurred (rule of three)."""


@dataclass(frozen=True, slots=True)
class FalseAlert:
    """An alert that the truth does not support."""

    clip: str
    view: str
    alert: str
    level: str
    t_s: float


@dataclass(slots=True)
class Score:
    """The score of one recording in one view."""

    clip: str
    person: str
    view: str
    face_s: float = 0.0
    """Time with a face in the frame."""
    unknown_s: dict[str, float] = field(default_factory=dict)
    """Part of it in which the eyelids were not judged, by reason."""
    false_alerts: list[FalseAlert] = field(default_factory=list)
    """False alerts of level warning or above."""
    sleeps: list[float | None] = field(default_factory=list)
    """For each closure that is a microsleep: the delay of its alert after the threshold; None: no alert."""
    stretched: list[float | None] = field(default_factory=list)
    """For each stretched closure: the delay of its alert after its start; None: no alert."""
    open_s: float = 0.0
    """Time with open eyes that were judged."""
    open_as_closed_s: float = 0.0
    """Part of it in reported closures of `LONG_S` or more."""
    yawns: int = 0
    yawns_found: int = 0
    yawns_false: int = 0
    looks: int = 0
    looks_found: int = 0


def score(clip: str, view: str, truth: ClipTruth, messages: Sequence[Message], config: FatigueConfig) -> Score:
    """Score the messages about a clip in one view."""
    found = Score(clip, truth.person, view)
    _time(found, [item for item in messages if isinstance(item, Face)], truth)
    alerts = [item for item in messages if isinstance(item, Alert)]
    for alert in _first_at(alerts, Level.WARNING):
        if _is_false(alert, truth):
            found.false_alerts.append(
                FalseAlert(clip, view, alert.alert, alert.level.name.lower(), round(alert.t_s, 2))
            )
    begun_s = [alert.t_s for alert in alerts if alert.alert == MICROSLEEP and alert.type == "new"]
    for start_s, end_s, _ in truth.closed:
        if end_s - start_s >= config.microsleep_s:
            delays = [t_s - start_s for t_s in begun_s if start_s < t_s <= end_s + 1.0]
            found.sleeps.append(round(delays[0] - config.microsleep_s, 3) if delays else None)
    for item in messages:
        if isinstance(item, Closure) and item.end_s - item.start_s >= LONG_S:
            known = _seconds(item.start_s, item.end_s, _widened([*truth.closed, *truth.unknown]))
            found.open_as_closed_s += item.end_s - item.start_s - known
    _yawns(found, [item for item in messages if isinstance(item, Yawn)], truth)
    _looks(found, [alert for alert in alerts if alert.alert == DISTRACTION and alert.type == "new"], truth)
    return found


def told_after_s(messages: Iterable[Message], start_s: float, config: FatigueConfig) -> float | None:
    """Delay after `start_s` until an alert about the stretched closure was open; None: it was not."""
    latest_s = start_s + config.sleep_s + config.microsleep_s / 3
    open_from_s: float | None = None
    for item in messages:
        if not isinstance(item, Alert) or item.alert != MICROSLEEP or item.t_s > latest_s:
            continue
        if item.type == "new":
            open_from_s = item.t_s
        if item.type == "end" and item.t_s < start_s + config.microsleep_s:
            open_from_s = None
    return None if open_from_s is None else round(max(open_from_s - start_s, 0.0), 3)


def _first_at(alerts: Iterable[Alert], level: Level) -> list[Alert]:
    """The message with which each alert reached the level."""
    reached: dict[str, Alert] = {}
    for alert in alerts:
        if alert.level >= level:
            reached.setdefault(alert.id, alert)
    return list(reached.values())


def _is_false(alert: Alert, truth: ClipTruth) -> bool:
    start_s = max(alert.start_s, 0.0) if alert.alert == MICROSLEEP else max(alert.t_s - 60.0, 0.0)
    length_s = max(alert.t_s - start_s, 1e-3)
    if _seconds(start_s, alert.t_s, truth.unknown) > length_s / 2:
        return False
    shut = _seconds(start_s, alert.t_s, _widened(truth.closed)) / length_s
    if alert.alert == MICROSLEEP:
        return shut < 0.5
    return alert.alert == DROWSINESS and shut < 0.08


def _time(found: Score, faces: list[Face], truth: ClipTruth) -> None:
    unseen = _widened([*truth.closed, *truth.unknown])
    for before, face in pairwise(faces):
        length_s = min(face.t_s - before.t_s, BRIDGE_S)
        if before.box is None:
            continue
        found.face_s += length_s
        if before.openness is None:
            reason = before.reason.value if before.reason else "unknown"
            found.unknown_s[reason] = found.unknown_s.get(reason, 0.0) + length_s
        elif not _seconds(before.t_s, before.t_s + length_s, unseen):
            found.open_s += length_s


def _yawns(found: Score, yawns: list[Yawn], truth: ClipTruth) -> None:
    certain = [item for item in truth.yawns if item[2] >= CERTAIN]
    found.yawns = len(certain)
    found.yawns_found = sum(any(_seconds(y.start_s, y.end_s, [item]) for y in yawns) for item in certain)
    found.yawns_false = sum(not _seconds(y.start_s, y.end_s, truth.yawns) for y in yawns)


def _looks(found: Score, alerts: list[Alert], truth: ClipTruth) -> None:
    found.looks = len(truth.away or [])
    found.looks_found = sum(any(item[0] < a.t_s <= item[1] + 1.0 for a in alerts) for item in truth.away or [])


def _widened(intervals: Iterable[Interval]) -> list[Interval]:
    return [(start_s - READ_S, end_s + READ_S, sure) for start_s, end_s, sure in intervals]


def _seconds(start_s: float, end_s: float, intervals: Iterable[Interval]) -> float:
    """How much of a time span lies in the intervals, which do not overlap."""
    return sum(max(0.0, min(end_s, last_s) - max(start_s, first_s)) for first_s, last_s, _ in intervals)


@dataclass(frozen=True, slots=True)
class Interval95:
    """A figure with its 95 % interval over people; None if there was nothing to count."""

    value: float | None
    low: float | None = None
    high: float | None = None
    of: float = 0.0
    """The total, as a number or in hours."""


def ratio(scores: Sequence[Score], part: Callable[[Score], float], whole: Callable[[Score], float]) -> Interval95:
    """The ratio of all parts to all wholes; the interval resamples people."""
    people = sorted({score.person for score in scores})
    parts, wholes = (
        np.array([sum(of(score) for score in scores if score.person == person) for person in people])
        for of in (part, whole)
    )
    total = float(wholes.sum())
    if not total:
        return Interval95(None)
    draws = np.random.default_rng(1).integers(0, len(people), (_DRAWS, len(people)))
    drawn = wholes[draws].sum(1)
    low, high = np.quantile(parts[draws].sum(1)[drawn > 0] / drawn[drawn > 0], (0.025, 0.975))
    return Interval95(
        round(float(parts.sum()) / total, 4), round(float(low), 4), round(float(high), 4), round(total, 4)
    )


def rate_per_hour(scores: Sequence[Score], count: Callable[[Score], int]) -> Interval95:
    """Events per hour with a face; if there was none, the upper end is the 95 % limit."""
    found = ratio(scores, count, lambda score: score.face_s / 3600)
    if found.value == 0:
        return Interval95(0.0, 0.0, round(_NONE_SEEN / found.of, 2), found.of)
    return found


def figures(scores: Sequence[Score]) -> dict[str, Any]:
    """All figures of the scores of one view."""
    critical = {Level.CRITICAL.name.lower(), Level.EMERGENCY.name.lower()}
    unknown = sorted({reason for score in scores for reason in score.unknown_s})
    delays = sorted(delay for score in scores for delay in score.sleeps if delay is not None)
    found: dict[str, Interval95] = {
        "false_criticals_per_h": rate_per_hour(
            scores, lambda score: sum(alert.level in critical for alert in score.false_alerts)
        ),
        "false_warnings_per_h": rate_per_hour(scores, lambda score: len(score.false_alerts)),
        "microsleeps_found": ratio(scores, lambda score: _known(score.sleeps), lambda score: len(score.sleeps)),
        "stretched_found": ratio(scores, lambda score: _known(score.stretched), lambda score: len(score.stretched)),
        "open_held_for_closed": ratio(scores, lambda score: score.open_as_closed_s, lambda score: score.open_s),
        "yawns_found": ratio(scores, lambda score: score.yawns_found, lambda score: score.yawns),
        "false_yawns_per_h": rate_per_hour(scores, lambda score: score.yawns_false),
        "looks_found": ratio(scores, lambda score: score.looks_found, lambda score: score.looks),
        "unknown": ratio(scores, lambda score: sum(score.unknown_s.values()), lambda score: score.face_s),
    }
    return {
        "people": len({score.person for score in scores}),
        "clips": len(scores),
        "face_h": round(sum(score.face_s for score in scores) / 3600, 4),
        **{name: asdict(value) for name, value in found.items()},
        "unknown_why": {reason: round(_share_unknown(scores, reason), 4) for reason in unknown},
        "microsleep_delays_s": delays,
        "stretched_told_after_s": sorted(t for score in scores for t in score.stretched if t is not None),
        "stretched_missed": [score.clip for score in scores for t in score.stretched if t is None],
        "false_alerts": [asdict(alert) for score in scores for alert in score.false_alerts],
    }


def _known(values: Iterable[float | None]) -> int:
    return sum(value is not None for value in values)


def _share_unknown(scores: Sequence[Score], reason: str) -> float:
    face_s = sum(score.face_s for score in scores)
    return sum(score.unknown_s.get(reason, 0.0) for score in scores) / face_s if face_s else 0.0
