"""What flows through the appliance: one frozen dataclass a message, units in the names.

Every time `t_s` is the capture time in seconds on the source's own monotonic time line (replay: from the start of
the file). Messages that carry a `kind` are the public contract: they are written to JSONL, stored and published.
Messages without one (`Frame`, `Audio`, `Utterance`, `Speed`, `Sound`, `Anomaly`) never leave memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from edge.redact import redacted

SAMPLE_RATE_HZ = 16_000
"""The one sample rate inside the appliance; capture resamples to it."""

Float32 = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]


class Level(IntEnum):
    """How serious a state or an alert is, in rising order."""

    NONE = 0
    ADVISORY = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4


class Reason(str, Enum):
    """Why an observation of a face cannot be used; an unusable frame counts neither as open nor as closed."""

    NO_FACE = "no_face"
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    DARK = "dark"
    BLURRED = "blurred"
    EYES_HIDDEN = "eyes_hidden"


ClosureClass = Literal["blink", "long", "microsleep", "sleep"]
AlertType = Literal["new", "update", "end"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: `image` is BGR uint8 of shape (height, width, 3)."""

    t_s: float
    image: npt.NDArray[np.uint8]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Audio:
    """Consecutive mono sound at `SAMPLE_RATE_HZ`, float32 in -1..1; `t_s` is the time of its first sample."""

    t_s: float
    samples: Float32


@dataclass(frozen=True, slots=True)
class Utterance:
    """The sound of one stretch of speech, padding included; `start_s` and `end_s` are those of `samples`."""

    start_s: float
    end_s: float
    samples: Float32


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the vehicle goes, as its source said at `t_s`."""

    t_s: float
    speed_kmh: float


SPEED = "speed"
"""Name of the vehicle's speed in `Source` messages."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What differs from its own normal at `t_s`, for the alerts; level NONE when that is over."""

    t_s: float
    alert: str
    """The kind of alert that it would raise (`edge.alerts.kinds`)."""
    track: int | None
    """The one person it is about; None for a group and for a room."""
    level: Level
    since_s: float
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sound:
    """How loud the last half second was; `t_s` is its end."""

    t_s: float
    level_db: float
    """RMS in dB below full scale, at least -90."""
    distress: Anomaly | None = None
    """Told while voices sound like distress, and once when that is over."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame, or (track None, usable False) the fact that there is none."""

    kind: ClassVar[str] = "face"
    t_s: float
    track: int | None = None
    box: Box | None = None
    """x, y, width, height in px of the frame."""
    usable: bool = False
    reason: Reason | None = Reason.NO_FACE
    openness: float | None = None
    """Lid opening against the person's own open eye, 0 closed to 1 open; None when unknown."""
    eye_opening: float | None = None
    """Lid aperture over eye width as measured, not personal: what `openness` is computed from."""
    mouth: float | None = None
    """Inner-lip height over mouth width."""
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None
    gaze_yaw_deg: float | None = None
    """Where the eyes look to the camera's axis: the head's yaw and the eyes' turn in it; None when unknown."""
    gaze_pitch_deg: float | None = None
    expression: Mapping[str, float] | None = None


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
    """Any run of closed eyes, by class."""

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


@dataclass(frozen=True, slots=True)
class Attention:
    """Where one person looks, once a second and at changes; angles are relative to the learned straight ahead."""

    kind: ClassVar[str] = "attention"
    t_s: float
    track: int | None
    level: Level
    causes: tuple[str, ...] = ()
    away_s: float = 0.0
    """Length of the look away that goes on."""
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
class Speech:
    """Somebody spoke."""

    kind: ClassVar[str] = "speech"
    t_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one utterance; `language` is an ISO 639-1 code, `confidence` the mean token probability."""

    kind: ClassVar[str] = "transcript"
    t_s: float
    start_s: float
    end_s: float
    text: str
    language: str
    confidence: float


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
    """The scores of this person so far, smoothed; a jump is followed at once. None for somebody unknown."""


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
    """Share of them that look more negative than they usually do; a single one counts as none."""
    spread: float
    """Distance between the quartiles of their scores."""
    motion: float | None
    """Median over the faces of how fast they move, in face widths a second."""
    noise_db: float | None
    """Median level of the room's sound in dB below full scale; None without a microphone."""


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
    """What it rests on; `track` in it names the one person it is about."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source was lost or came back, or a stage is absent: what the box cannot see or hear right now."""

    kind: ClassVar[str] = "source"
    t_s: float
    source: str
    state: Literal["ok", "lost", "absent"]
    detail: str = ""
    """In words, without the passwords that an address may carry."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", redacted(self.detail))


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
    group_ratio: float = 0.0
    """Share of the period in which a group of five or more could be judged."""
    group: Mapping[str, float] = field(default_factory=dict)
    """Means of the period's `Group` figures, by their names; empty without any."""


Message = (
    Face
    | Blink
    | Closure
    | Yawn
    | Nod
    | Fatigue
    | Attention
    | Speech
    | Transcript
    | Affect
    | Group
    | Alert
    | Source
    | Summary
)
