"""What the sensors and the perception stages give: frames, audio, speed, faces, utterances and their transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from edge.messages.decisions import Anomaly

SAMPLE_RATE_HZ = 16_000
"""The one sample rate inside the appliance; capture resamples to it."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `image` is BGR uint8 of shape (height, width, 3)."""

    t_s: float
    image: npt.NDArray[np.uint8]
    index: int = 0


@dataclass(frozen=True, slots=True)
class Audio:
    """Consecutive mono audio at `SAMPLE_RATE_HZ`, float32 in -1..1; `t_s` is the time of its first sample."""

    t_s: float
    samples: Float32


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance: `start_s` and `end_s` are those of the speech, with pauses under half a second.

    `samples` have up to .26 s more before and after, because first and last consonants are not detected as voice.
    """

    start_s: float
    end_s: float
    samples: Float32


ROOM_SOUNDS = ("laughter", "shouting")
"""Sounds of a room that are no alert; a group's window tells which of them it holds."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How loud the last half second was; `t_s` is its end."""

    t_s: float
    level_db: float
    """RMS in dB below full scale, at least -90."""
    unusual: tuple[Anomaly, ...] = ()
    """Audio events in it, distress or an alarm: each while it lasts, and once when it ends."""
    heard: frozenset[str] = frozenset()
    """Which of `ROOM_SOUNDS` are in it."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The vehicle's speed, as reported at `t_s`."""

    t_s: float
    speed_kmh: float


SPEED = "speed"
"""Name of the vehicle's speed in `Source` messages."""


@dataclass(frozen=True, slots=True)
class Speech:
    """An interval of speech."""

    kind: ClassVar[str] = "speech"
    t_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one utterance; `language` is an ISO 639-1 code, `confidence` the mean token probability.

    In a language that is not transcribed `text` is empty, and `confidence` is the probability of the language.
    """

    kind: ClassVar[str] = "transcript"
    t_s: float
    start_s: float
    end_s: float
    text: str
    language: str
    confidence: float


Box = tuple[float, float, float, float]

EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""The keys that `Face.expression` may have."""


class Reason(str, Enum):
    """Why an observation of a face cannot be used; an unusable frame counts neither as open nor as closed."""

    NO_FACE = "no_face"
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    DARK = "dark"
    BLURRED = "blurred"
    EYES_HIDDEN = "eyes_hidden"
    UPSIDE_DOWN = "upside_down"
    LIDS_UNCLEAR = "lids_unclear"
    """The eye net holds the eyes for shut, the lids' contour and the irises for open, and not for a moment only."""


Side = Literal["right", "left", "both"]
"""Whose eye, as the person sees it; `both` where only their mean is known."""


@dataclass(frozen=True, slots=True)
class EyeReading:
    """One eye as measured, not compared with what is usual for this person."""

    side: Side
    opening: float
    """Lid aperture over eye width, from the lids' contour alone."""
    weight: float = 1.0
    """How much it counts beside the other: more when it is square on to the camera."""
    open_share: float | None = None
    """How far the eye net holds it open, 0..1; None without that net."""
    iris_radius: float | None = None
    """From the iris' top to its bottom, halved, over eye width: the model draws it smaller behind shut lids. None where
    the picture of the eye is too blurred to show that."""


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
    """Lid aperture over eye width in one frame, from contour and eye net together; not personal."""
    eyes: tuple[EyeReading, ...] = ()
    """The eyes that this frame shows well enough: the basis of `openness`."""
    mouth: float | None = None
    """Inner-lip height over mouth width."""
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None
    gaze_yaw_deg: float | None = None
    """Where the eyes look to the camera's axis: the head's yaw and the eyes' turn in it; None when unknown."""
    gaze_pitch_deg: float | None = None
    expression: Mapping[str, float] | None = None
