"""What the decision stages give: events of eyes and head, fatigue, attention, affect, groups, alerts and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Literal

from edge.redact import redacted


class Level(IntEnum):
    """How serious a state or an alert is, in rising order."""

    NONE = 0
    ADVISORY = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A value that differs from its usual range at `t_s`, for the alerts; level NONE when it is over."""

    t_s: float
    alert: str
    """The kind of alert that it would raise (`edge.alerts.condition`)."""
    track: int | None
    """The person that it is about; None for a group and for a room."""
    level: Level
    since_s: float
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)


ClosureClass = Literal["blink", "long", "microsleep", "sleep"]


@dataclass(frozen=True, slots=True)
class Blink:
    """A closure short enough to be an ordinary blink, measured on the lid's curve."""

    kind: ClassVar[str] = "blink"
    t_s: float
    track: int
    start_s: float
    end_s: float
    duration_ms: float
    amplitude: float
    opening_velocity: float
    """Openness per second while the lid rises."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Any interval of closed eyes, by class."""

    kind: ClassVar[str] = "closure"
    t_s: float
    track: int
    start_s: float
    end_s: float
    class_: ClosureClass


@dataclass(frozen=True, slots=True)
class Yawn:
    """One yawn."""

    kind: ClassVar[str] = "yawn"
    t_s: float
    track: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Nod:
    """One sinking and jerking back of the head."""

    kind: ClassVar[str] = "nod"
    t_s: float
    track: int
    start_s: float
    end_s: float


def known_level(level: Level, valid_ratio: float, unknown: str | None) -> Level | None:
    """The level that these fields of a report claim; None where it is NONE only because nothing could be judged."""
    return None if level is Level.NONE and (unknown is not None or valid_ratio == 0) else level


@dataclass(frozen=True, slots=True)
class Fatigue:
    """The state of one person, once a second."""

    kind: ClassVar[str] = "fatigue"
    t_s: float
    track: int | None
    level: Level
    perclos_60: float | None
    """Share of valid time in the last 60 s with the lids down, slow closures only; None below the least valid share."""
    perclos_180: float | None
    valid_ratio: float
    """Share of the last 60 s in which the eyes could be judged."""
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    unknown: str | None = None
    """Why no eyes were judged in the last seconds (a `Reason`, or `baseline`); None: they were. Level NONE then claims
    nothing."""
    judged_s: float | None = None
    """Time since this person's last report in which the lids could be judged; None: not counted (older records)."""

    @property
    def known_level(self) -> Level | None:
        """The level; None where it is NONE only because nothing could be judged. A raised one stands until it ends."""
        return known_level(self.level, self.valid_ratio, self.unknown)


@dataclass(frozen=True, slots=True)
class Attention:
    """Where one person looks, once a second and at changes; angles are relative to the learned straight ahead."""

    kind: ClassVar[str] = "attention"
    t_s: float
    track: int | None
    level: Level
    causes: tuple[str, ...] = ()
    away: bool = False
    """Whether the look is away in this frame."""
    away_s: float = 0.0
    """Length of the current look away."""
    away_30_s: float = 0.0
    """Time away in the last 30 s, since the eyes were last on the road for long enough."""
    yaw_deg: float | None = None
    """Of the head."""
    pitch_deg: float | None = None
    gaze_yaw_deg: float | None = None
    """Of the eyes' look, the head's turn included; None when unknown."""
    gaze_pitch_deg: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Affect:
    """Fused affect of an utterance or, without speech, of a window; a modality that was absent is None."""

    kind: ClassVar[str] = "affect"
    t_s: float
    start_s: float
    end_s: float
    score: float
    """-1 negative to 1 positive, the CH-SIMS scale."""
    emotion: str
    polarity: str
    modalities: Mapping[str, float | None]
    confidence: float
    track: int | None = None
    mood: float | None = None
    """This person's smoothed scores; a jump is followed at once. None for an unknown person."""
    arousal: float | None = None
    """-1 calm to 1 excited, by the voice; None without a voice."""
    arousal_confidence: float = 0.0
    """0..1, how well the speaker's usual voice is known; low for the first utterance, compared with other speakers."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the faces in a room have in common over a window; there is none of fewer than five faces."""

    kind: ClassVar[str] = "group"
    t_s: float
    start_s: float
    end_s: float
    faces: int
    """How many could be judged: at least five."""
    negative_share: float
    """Share of them that look more negative than usual; a single one does not count."""
    spread: float
    """Distance between the quartiles of their scores."""
    motion: float | None
    """Median over the faces of how fast they move, in face widths a second."""
    noise_db: float | None
    """Median level of the room's audio in dB below full scale; None without a microphone."""
    seen: int | None = None
    """The most faces in one frame, judged or not; None if not counted (older records)."""
    sounds: tuple[str, ...] = ()
    """What the room's audio holds in the window, of laughter and shouting."""


AlertType = Literal["new", "update", "end"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One step in the life of one alert; `id` is the same from new to end."""

    kind: ClassVar[str] = "alert"
    t_s: float
    id: str
    type: AlertType
    alert: str
    level: Level
    start_s: float
    duration_s: float
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What it is based on; its `track` is the person that it is about."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A signal began or ended at an output in the cab."""

    kind: ClassVar[str] = "warned"
    t_s: float
    """When its first sample was given to the device, or the output was switched."""
    output: Literal["speaker", "gpio", "relay"]
    signal: str
    """A signal of `edge.warning.signals`; of a switched output the level that it shows."""
    type: Literal["begin", "end"]
    alert: str = ""
    """Id of its alert; empty for the chime at the start."""
    times: int = 0
    """How often it had sounded when it ended."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source or component was lost, has returned, or is absent."""

    kind: ClassVar[str] = "source"
    t_s: float
    source: str
    state: Literal["ok", "lost", "absent"]
    detail: str = ""
    """The reason as a sentence, without the passwords that an address may carry."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", redacted(self.detail))


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip by the vehicle's speed, as known at `t_s`; the last message of one `start_s` counts."""

    kind: ClassVar[str] = "trip"
    t_s: float
    start_s: float
    """Of the first movement."""
    end_s: float
    """Of the last movement so far."""
    distance_km: float | None
    """None if the speed was unknown for too much of it."""
    ended: bool = False
    """Whether the vehicle has stood long enough since: the last message of a trip."""


def hourly(count: int, length_s: float) -> float | None:
    """How many an hour; None below ten minutes: too short for a rate."""
    return count * 3600.0 / length_s if length_s >= 600.0 else None


@dataclass(frozen=True, slots=True)
class TripFigures:
    """What happened on a whole trip; without a source of speed a run of the box is one."""

    start_s: float
    end_s: float
    distance_km: float | None
    """None if unknown."""
    alerts: Mapping[str, int]
    """Alerts that began on it, by kind."""
    levels: Mapping[str, str]
    """The gravest level that each of these kinds reached, by name."""
    judged_ratio: float
    """Share of the trip in which a person's eyes could be judged."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened in a period."""

    kind: ClassVar[str] = "summary"
    t_s: float
    start_s: float
    end_s: float
    emotions: Mapping[str, float]
    score_mean: float | None
    perclos: float | None
    alerts: Mapping[str, int]
    valid_ratio: float
    """Share of the period in which a person's eyes could be judged."""
    group_ratio: float = 0.0
    """Share of the period in which a group of five or more could be judged."""
    group: Mapping[str, float] = field(default_factory=dict)
    """Means of the period's `Group` figures, by their names; empty without any."""
    trip: TripFigures | None = None
    """Of the trip that ended with this period."""
