"""Whether the eyes of a face can be judged in this frame, and if not, why.

A closed eye is usable: nothing here looks at the lids' opening. Thresholds were measured on the 14 clips of the shared
data (1,450 eyes, 60 of them closed), made smaller, blurred or darker step by step, and with eyes covered by drawn
sunglasses or a drawn hand; "right" below is the share of eyes whose open or closed state was still read as before.
"""

from __future__ import annotations

from edge.messages import Reason
from edge.vision.eye_quality import EyeQuality
from edge.vision.geometry import HeadPose

_LEAST_EYE_WIDTH_PX = 8.0
"""Right: 1.00 at 8 px, 0.99 at 6 px."""
_MOST_YAW_DEG = 50.0
"""To either side; the near eye's opening stays within 20 % of its frontal value up to here (cab_2.avi)."""
_MOST_PITCH_DOWN_DEG = 25.0
"""Beyond, the upper lid hides the eye whether it is closed or not (proposed in the fatigue literature: 20 to 25)."""
_MOST_PITCH_UP_DEG = 45.0
"""A camera below the face sees the eyes well: readable at 28 degrees (carphone), the most in the clips."""
_MOST_ROLL_DEG = 120.0
"""A head that lies on its side still shows its lids; beyond, the camera hangs upside down."""
_LEAST_BRIGHTNESS = 20.0
"""Mean grey level of the eye's crop. With sensor noise of 2 levels, right: 0.96 at 24, 0.76 at 12."""
_LEAST_CONTRAST = 0.15
"""Real eyes 0.33 and more in colour; infra-red crops 0.24 open, 0.18 closed (1st percentile); drawn sunglasses 0.02."""
_CLEAR_CONTRAST, _PATCH_DARKER = 0.25, 0.8
"""Beside an eye that is hidden by something dark (less than this share of the other's grey level: a patch, a fringe)
an eye with so much contrast is seen. Where something bright hides one, glare in glasses, it may lie over both."""
_LEAST_SHARPNESS = 0.020
"""Real eyes 0.033 and more, closed ones 0.037; blurred by 0.08 eye widths 0.021 (right 0.99), by 0.12 0.014 (0.92)."""


def turned_away(pose: HeadPose) -> bool:
    """Whether the head is turned too far for its lids to be judged, or the camera is."""
    nodded = not -_MOST_PITCH_UP_DEG <= pose.pitch_deg <= _MOST_PITCH_DOWN_DEG
    return abs(pose.yaw_deg) > _MOST_YAW_DEG or nodded or _turned(pose) is Reason.UPSIDE_DOWN


def seeing(qualities: list[EyeQuality]) -> list[int]:
    """The places of the eyes that nothing hides; where one is hidden, the other must be clearly seen."""
    hidden = [quality for quality in qualities if quality.contrast < _LEAST_CONTRAST]
    if not hidden:
        return list(range(len(qualities)))
    brightest = max(quality.brightness for quality in hidden)
    return [
        place
        for place, quality in enumerate(qualities)
        if quality.contrast >= _CLEAR_CONTRAST and brightest < _PATCH_DARKER * quality.brightness
    ]


def why_unusable(eye_width_px: float, pose: HeadPose, qualities: list[EyeQuality]) -> Reason | None:
    """The first reason that holds, or None; `qualities` are those of the eyes that face the camera enough."""
    if eye_width_px < _LEAST_EYE_WIDTH_PX:
        return Reason.TOO_SMALL
    if turned_away(pose) or not qualities:
        return _turned(pose)
    if max(quality.brightness for quality in qualities) < _LEAST_BRIGHTNESS:
        return Reason.DARK
    if not seeing(qualities):
        return Reason.EYES_HIDDEN
    if max(quality.sharpness for quality in qualities) < _LEAST_SHARPNESS:
        return Reason.BLURRED
    return None


def _turned(pose: HeadPose) -> Reason:
    return Reason.UPSIDE_DOWN if abs(pose.roll_deg) > _MOST_ROLL_DEG else Reason.TURNED_AWAY
