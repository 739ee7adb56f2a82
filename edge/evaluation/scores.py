"""What the box said of one recording against what is to be seen in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from edge.alerts.kinds import DISTRACTION, DROWSINESS, MICROSLEEP
from edge.config.understanding import FatigueConfig
from edge.evaluation.truth import ClipTruth, Interval
from edge.fatigue.blinks import LONG_S
from edge.messages import Alert, Closure, Face, Level, Message, Yawn

READ_S = 0.15
"""The truth's ends are good to this."""
CERTAIN = 0.7
"""A yawn that its reader was less sure of is not scored."""
BRIDGE_S = 0.2
"""The longest time that one picture stands for."""


@dataclass(frozen=True, slots=True)
class FalseAlert:
    """An alert about nothing that is to be seen."""

    clip: str
    view: str
    alert: str
    level: str
    t_s: float


@dataclass(slots=True)
class Score:
    """One recording in one view."""

    clip: str
    person: str
    view: str
    face_s: float = 0.0
    """Time with a face in the picture."""
    unknown_s: dict[str, float] = field(default_factory=dict)
    """Of it, time in which the lids were not judged, by reason."""
    false_alerts: list[FalseAlert] = field(default_factory=list)
    """Of a warning or more."""
    sleeps: list[float | None] = field(default_factory=list)
    """Of each closure that is a microsleep: how long after its mark it was told; None: never."""
    stretched: list[float | None] = field(default_factory=list)
    """Of each stretched closure: how long after its beginning it was told; None: never."""
    open_s: float = 0.0
    """Time with open eyes that were judged."""
    open_as_closed_s: float = 0.0
    """Of it, time in closures of `LONG_S` and more."""
    yawns: int = 0
    yawns_found: int = 0
    yawns_false: int = 0
    looks: int = 0
    looks_found: int = 0


def score(clip: str, view: str, truth: ClipTruth, messages: Sequence[Message], config: FatigueConfig) -> Score:
    """Score what was said of a clip in one view."""
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
            told = [t_s - start_s for t_s in begun_s if start_s < t_s <= end_s + 1.0]
            found.sleeps.append(round(told[0] - config.microsleep_s, 3) if told else None)
    for item in messages:
        if isinstance(item, Closure) and item.end_s - item.start_s >= LONG_S:
            known = _seconds(item.start_s, item.end_s, _widened([*truth.closed, *truth.unknown]))
            found.open_as_closed_s += item.end_s - item.start_s - known
    _yawns(found, [item for item in messages if isinstance(item, Yawn)], truth)
    _looks(found, [alert for alert in alerts if alert.alert == DISTRACTION and alert.type == "new"], truth)
    return found


def told_after_s(messages: Iterable[Message], start_s: float, config: FatigueConfig) -> float | None:
    """How long after `start_s` a stretched closure was told, or was open as one; None: it was not."""
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
    """The step with which each alert reached the level."""
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
    """How much of a time lies in intervals that do not overlap."""
    return sum(max(0.0, min(end_s, last_s) - max(start_s, first_s)) for first_s, last_s, _ in intervals)
