"""Where a person looks: the turn of the eyes in the head, from the iris between the corners, on top of the head's pose.

Signs are those of the head: `yaw_deg` > 0 to the person's own left, `pitch_deg` > 0 down; both to the camera's axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.messages import Float32
from edge.vision.geometry import LEAST_FACING, HeadPose, facing_weight, lid_gap
from edge.vision.iris import Eye

_RADIUS = 0.35
"""From the eyeball's centre to the iris over the eye's width: 10.5 mm of 30 mm (adult means)."""
_AHEAD = (-0.055, -0.055)
"""Where the iris' centre is when the eyes look straight out of the head, from the middle between the corners towards
the nose and down, in eye widths: medians of nine people facing a camera (GRID, blinking_4, carphone, talking; by person
-0.09 to -0.03, so a person's own straight ahead must be learned)."""
_MOST = 0.7
"""Sine beyond which no eye turns: 45 degrees."""
_LEAST_GAP = 0.15
"""Below, the lids hide too much of the iris to say where it is."""


@dataclass(frozen=True, slots=True)
class Gaze:
    """The direction of looking to the camera's axis, in degrees; signs as in the module's docstring."""

    yaw_deg: float
    pitch_deg: float


def gaze(eyes: tuple[Eye, Eye], seen: tuple[float, float], pose: HeadPose) -> Gaze | None:
    """Where (right eye, left eye) look; `seen` is what `facing` gives. None without an open eye that is seen."""
    turns, weights = [], []
    for eye, share, nose_is in zip(eyes, seen, (1.0, -1.0), strict=True):
        if share < LEAST_FACING or lid_gap(eye) < _LEAST_GAP:
            continue
        inward, down = _iris_place(eye) - _AHEAD
        turns.append((nose_is * inward, down))
        weights.append(facing_weight(share))
    if not turns:
        return None
    sines = np.clip(np.average(turns, axis=0, weights=weights) / _RADIUS, -_MOST, _MOST)
    yaw_deg, pitch_deg = np.degrees(np.arcsin(sines)).tolist()
    return Gaze(pose.yaw_deg + yaw_deg, pose.pitch_deg + pitch_deg)


def _iris_place(eye: Eye) -> Float32:
    """The iris' centre from the middle between the corners, towards the nose and down, in eye widths."""
    axis = eye.lids[8] - eye.lids[0]
    from_middle = eye.iris[0] - (eye.lids[0] + eye.lids[8]) / 2
    along = from_middle @ axis
    across = axis[0] * from_middle[1] - axis[1] * from_middle[0]
    return np.array([along, across], np.float32) / max(float(axis @ axis), 1e-6)
