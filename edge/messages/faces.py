"""Observations of one face in one frame, and what the faces of a room have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Literal

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
    """From the iris' top to its bottom, halved, over eye width: the model draws it smaller behind shut lids."""


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
