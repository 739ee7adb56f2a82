"""Alert conditions: the table of kinds, and the condition of each kind as derived from messages; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.config.constants import SEEN_GAP_S
from edge.config.decision import AlertsConfig
from edge.fatigue.policy import CAUSES
from edge.messages import Anomaly, Attention, Face, Fatigue, Level, Reason
from edge.status import ComponentStatus

MICROSLEEP = "microsleep"
DROWSINESS = "drowsiness"
DISTRACTION = "distraction"
CANNOT_SEE_DRIVER = "cannot_see_driver"
SOURCE_LOST = "source_lost"
DISTRESS = "distress"
COUGHING_FIT = "coughing_fit"
BREAKING_SOUND = "breaking_sound"
ALARM_SOUND = "alarm_sound"
MOOD_SHIFT = "mood_shift"
AGITATION = "agitation"
GROUP_MOOD = "group_mood"

Motion = Literal["any", "rolling", "driving"]
"""At any speed; from walking pace on; from the speed on at which looks and fatigue matter (`arming`)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table."""

    meaning: str
    from_eyes: bool = False
    """It begins and rises only in a frame in which the person's eyes can be judged."""
    while_: Motion = "any"
    """How the vehicle must move; a driver who sleeps in a parked bus raises no alert."""
    rests: bool = True
    """Whether a cooldown follows its end; a driver who looks away again is warned again."""
    snoozable: bool = True
    """Whether it can be snoozed; a critical level is never silenced."""


KINDS: dict[str, Kind] = {
    MICROSLEEP: Kind(
        "the eyes stay closed; one alert escalates from microsleep through sleep to unresponsive",
        from_eyes=True, while_="rolling", snoozable=False,
    ),
    DROWSINESS: Kind(
        "the eyes are slowly closed for too large a share of the time", from_eyes=True, while_="driving"
    ),
    DISTRACTION: Kind(
        "the driver looks away from the road for too long or too often", while_="driving", rests=False
    ),
    CANNOT_SEE_DRIVER: Kind("hardly any usable eyes: the state of the driver is unknown", while_="driving"),
    SOURCE_LOST: Kind("a camera, microphone or other source gives nothing"),
    DISTRESS: Kind("somebody cries or screams, or voices are far louder and higher than usual here"),
    COUGHING_FIT: Kind("somebody coughs again and again"),
    BREAKING_SOUND: Kind("glass breaks, or something crashes"),
    ALARM_SOUND: Kind("an alarm or a siren sounds"),
    MOOD_SHIFT: Kind("one person's mood is well below that person's own last half hour; research only"),
    AGITATION: Kind("a group, or in research one person, moves far more than in the last half hour"),
    GROUP_MOOD: Kind("the mood of at least five faces together is well below their own last half hour"),
}  # fmt: skip
"""Every kind of alert."""

KIND_OF_CAUSE: dict[str, str] = {
    "yawns": DROWSINESS,
    "drowsy_blinks": DROWSINESS,
    "drowsy_blinks_perclos": DROWSINESS,
    "perclos_advisory": DROWSINESS,
    "perclos_warning": DROWSINESS,
    "perclos_critical": DROWSINESS,
    "microsleep": MICROSLEEP,
    "sleep": MICROSLEEP,
    "unresponsive": MICROSLEEP,
}
"""The kind that each cause of a fatigue level raises; its level is the cause's own (`edge.fatigue.policy.CAUSES`)."""


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


def of_lost(name: str, status: ComponentStatus) -> Condition:
    """Return the condition of a lost component; an absent component is not lost."""
    evidence = {"source": name, "detail": status.detail}
    return Condition(SOURCE_LOST, name, Level.ADVISORY, status.since_s, evidence=evidence)


PAID_BACK = 4.0
"""One second with usable eyes cancels this many seconds without: the alert rises if less than a fifth of the time is
usable. A single good frame cancels almost nothing."""
SEEN_AGAIN_S = 20.0
"""It ends when the eyes were usable for this much longer than not (openpilot: camera-uncertain event, 20 s)."""
SILENCE_S = 5.0
"""No frame at all for this long is a lost source, not a driver who cannot be seen: the time restarts."""
_ANYBODY = "driver"


class DriverVisibility:
    """Adds up the time without usable eyes while the vehicle drives.

    The time between usable frames that are further apart than `SEEN_GAP_S` does not count as seen.
    """

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config
        self._last_s: float | None = None
        self._blind_s = 0.0
        self._again_s = 0.0
        self._usable_s = self._posed_s = 0.0
        self._blind_from_s: float | None = None
        self._why: dict[Reason, float] = {}

    def retune(self, config: AlertsConfig) -> None:
        """Use another configuration from now on."""
        self._config = config

    def step(self, face: Face, armed: bool, driving: bool) -> Condition:
        """Take one face, or the fact that there is none; at a stop (not `armed`) the driver may leave the view.

        With `driving` a speed shows that the vehicle drives; no person in view is critical then.
        """
        t_s = face.t_s
        if not armed or self._last_s is None or not 0 <= t_s - self._last_s <= SILENCE_S:
            self._begin_anew(t_s)
        passed_s = t_s - (t_s if self._last_s is None else self._last_s)
        self._last_s = t_s
        usable = face.usable and face.eye_opening is not None
        self._posed_s = t_s if usable or face.yaw_deg is not None else self._posed_s
        seen = usable and t_s - self._usable_s <= SEEN_GAP_S
        self._usable_s = t_s if usable else self._usable_s
        if not usable:
            why = face.reason or Reason.EYES_HIDDEN
            self._why[why] = self._why.get(why, 0.0) + passed_s
        self._add(t_s, passed_s, seen)
        if self._blind_from_s is None:
            return Condition(CANNOT_SEE_DRIVER, _ANYBODY, Level.NONE, t_s)
        posed = t_s - self._posed_s < self._config.blind_s
        causes = (max(self._why, key=lambda reason: self._why[reason]).value,) if self._why else ()
        level = self._level(t_s - self._posed_s, driving)
        return Condition(CANNOT_SEE_DRIVER, _ANYBODY, level, self._blind_from_s, causes, {"head_only": posed})

    def _add(self, t_s: float, passed_s: float, seen: bool) -> None:
        if self._blind_from_s is None:
            self._blind_s = max(self._blind_s + (-PAID_BACK * passed_s if seen else passed_s), 0.0)
            if self._blind_s >= self._config.blind_s - 1e-6:
                self._blind_from_s, self._again_s = t_s - self._blind_s, 0.0
            elif self._blind_s == 0.0:
                self._why.clear()
            return
        self._again_s = max(self._again_s + (passed_s if seen else -passed_s), 0.0)
        if self._again_s >= SEEN_AGAIN_S - 1e-6:
            self._begin_anew(t_s)

    def _level(self, unseen_s: float, driving: bool) -> Level:
        if driving and unseen_s >= self._config.unseen_critical_s:
            return Level.CRITICAL
        return Level.WARNING if unseen_s >= self._config.unseen_warning_s else Level.ADVISORY

    def _begin_anew(self, t_s: float) -> None:
        self._last_s, self._posed_s = t_s, t_s
        self._blind_s, self._blind_from_s = 0.0, None
        self._why.clear()
