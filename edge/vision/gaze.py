"""Where a person looks: the turn of the eyes in the head, from the iris between the corners, on top of the head's pose.

Signs are those of the head: `yaw_deg` > 0 to the person's own left, `pitch_deg` > 0 down; both to the camera's axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.vision.geometry import LEAST_FACING, HeadPose, facing_weight
from edge.vision.iris import Eye

_RADIUS = 0.35
"""From the eyeball's centre to the iris over the eye's width: 10.5 mm of 30 mm (adult means)."""
_FOLLOWS = (0.5, 0.32)
"""How far the iris model follows an iris that has moved across and down: medians of 20 people with irises drawn
elsewhere (docs/evidence/attention.md). Three people who keep looking at the camera while they turn their heads by a
degree or two agree: their eyes are seen to turn back by 0.4 to 0.7 of it."""
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
    total = across = down = 0.0
    for eye, share, nose_is in zip(eyes, seen, (1.0, -1.0), strict=True):
        if share < LEAST_FACING or eye.lid_gap < _LEAST_GAP:
            continue
        weight, (inward, lower) = facing_weight(share), _iris_place(eye)
        total += weight
        across += weight * nose_is * (inward - _AHEAD[0])
        down += weight * (lower - _AHEAD[1])
    if not total:
        return None
    yaw_deg, pitch_deg = (
        math.degrees(math.asin(max(-_MOST, min(turn / total / _RADIUS / follows, _MOST))))
        for turn, follows in zip((across, down), _FOLLOWS, strict=True)
    )
    return Gaze(pose.yaw_deg + yaw_deg, pose.pitch_deg + pitch_deg)


def _iris_place(eye: Eye) -> tuple[float, float]:
    """The iris' centre from the middle between the corners, towards the nose and down, in eye widths."""
    (outer_x, outer_y), (inner_x, inner_y), (x, y) = eye.lids[0].tolist(), eye.lids[8].tolist(), eye.iris[0].tolist()
    axis_x, axis_y = inner_x - outer_x, inner_y - outer_y
    x, y = x - (outer_x + inner_x) / 2, y - (outer_y + inner_y) / 2
    square = max(axis_x**2 + axis_y**2, 1e-6)
    return (x * axis_x + y * axis_y) / square, (axis_x * y - axis_y * x) / square
