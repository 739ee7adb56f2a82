"""Alert conditions, derived from messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.alerts.kinds import DISTRACTION, KIND_OF_CAUSE, MICROSLEEP, SOURCE_LOST
from edge.fatigue.policy import CAUSES
from edge.messages import Anomaly, Attention, Fatigue, Level
from edge.status import ComponentStatus

Key = tuple[str, str]
"""Kind and subject of an alert: a track or the name of a source."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A state that an alert of `kind` about `subject` would report; level NONE when it is over."""

    kind: str
    subject: str
    level: Level
    since_s: float
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    rising: bool = True
    """Whether an alert may begin or rise now; a look away that has just ended keeps its alert open but raises none."""
    unseen: bool = False
    """Whether it may do so while the eyes cannot be judged: a fallen head with closed eyes hides them."""

    @property
    def key(self) -> Key:
        """Conditions with the same key belong to one alert."""
        return self.kind, self.subject


def of_fatigue(message: Fatigue) -> list[Condition]:
    """Return one condition for each kind that fatigue can raise."""
    measures = {
        "perclos_60": message.perclos_60,
        "perclos_180": message.perclos_180,
        "valid_ratio": message.valid_ratio,
        **message.evidence,
    }
    conditions = []
    for kind in dict.fromkeys(KIND_OF_CAUSE.values()):
        causes = tuple(cause for cause in message.causes if KIND_OF_CAUSE[cause] == kind)
        level = max((CAUSES[cause] for cause in causes), default=Level.NONE)
        since_s = message.evidence.get("closed_from_s", message.t_s) if kind == MICROSLEEP else message.t_s
        evidence = {"track": message.track, **measures}
        fallen = kind == MICROSLEEP and "fallen_s" in message.evidence
        conditions.append(Condition(kind, str(message.track), level, since_s, causes, evidence, unseen=fallen))
    return conditions


def of_attention(message: Attention) -> Condition:
    """Return the condition of a person's attention."""
    measures = {
        "away_s": message.away_s,
        "away_30_s": message.away_30_s,
        "yaw_deg": message.yaw_deg,
        "pitch_deg": message.pitch_deg,
        "gaze_yaw_deg": message.gaze_yaw_deg,
        "gaze_pitch_deg": message.gaze_pitch_deg,
    }
    evidence = {"track": message.track, **measures, **message.evidence}
    since_s = message.t_s - message.away_s
    return Condition(DISTRACTION, str(message.track), message.level, since_s, message.causes, evidence, message.away)


def of_anomaly(message: Anomaly) -> Condition:
    """Return the condition of an anomaly of one person or, without a track, of the room."""
    subject = "room" if message.track is None else str(message.track)
    evidence = dict(message.evidence) if message.track is None else {"track": message.track, **message.evidence}
    return Condition(message.alert, subject, message.level, message.since_s, message.causes, evidence)


def of_lost(name: str, standing: ComponentStatus) -> Condition:
    """Return the condition of a lost component; an absent component is not lost."""
    evidence = {"source": name, "detail": standing.detail}
    return Condition(SOURCE_LOST, name, Level.ADVISORY, standing.since_s, evidence=evidence)
