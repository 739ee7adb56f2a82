"""Geometry of the landmarks: opening of eyelids and mouth, head pose, and gaze (eyes relative to the head).

Signs, for a camera that does not mirror: `yaw_deg` > 0 is a head turned to the person's own left (the right of the
frame), `pitch_deg` > 0 a head bent down, `roll_deg` > 0 a head tipped to the person's own left shoulder (clockwise
in the frame). All three are relative to the camera's axis; in pitch people differ by some 4 degrees at rest.

What `eye_opening` gives, over 2,533 usable frames of the 14 clips of the shared data: open eyes 0.235 to 0.368 by
person (median of a clip's frames, mean 0.314, deviation 0.037), shut ones 0.04 to 0.10, least 0.024; between 0.12 and
0.20 the lids are on their way. On infra-red crops (`eyes_ir.npz`) the contour leaves shut eyes open: open 0.336, shut
0.135 (medians), AUC 0.983; with role `eye_state` 0.996 (docs/evidence/eyes.md). The
eye aspect ratio of the mesh (EAR) stays above 0.13 even for shut lids, so it is not a fallback: an eye that the iris
model cannot read is not read. `mouth_ratio` is 0.01 to 0.05 closed, up to 0.47 in speech, 0.41 to 0.70 in a
yawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge.messages import EyeReading, Float32, Side
from edge.vision.iris import LEFT_CORNERS, RIGHT_CORNERS, Eye

_Direction: TypeAlias = tuple[float, float, float]

_LIPS = np.array((13, 14, 78, 308))
"""The inner lips' middles, upper and lower, then the corners of the mouth."""
_ACROSS = np.array(((33, 133, 127, 234, 70), (263, 362, 356, 454, 300)))
"""Pairs from the person's right to the left: eye corners, temples, cheeks, brows; none moves with the jaw."""
_DOWN = np.array(((10, 109, 338), (2, 98, 327)))
"""Pairs from the forehead to the base of the nose; the chin is left out because it drops in a yawn."""
_LIDS = np.array((160, 144, 158, 153, 33, 133, 385, 380, 387, 373, 362, 263))
"""Of the right, then of the left eye: upper and lower lid in two places, then the corners."""
_PITCH_AT_REST_DEG = -5.0
"""`_DOWN` leans towards the camera in an upright face; median of five GRID speakers facing it: -7.8 to 0.1."""
SHUT_GAP, OPEN_GAP = 0.06, 0.31
"""`Eye.lid_gap` of a shut eye and of an open one: the contour keeps 0.03 to 0.09 when the lids meet (bottom of blinks);
14 people filmed in daylight have a median of 0.31, from 0.235 to 0.368 (standard deviation 0.036)."""
_TRUSTED_SHARE = 0.5
"""On blinks and drivers that the net had not seen, drawn over as if by infra-red light, this raises the area under
the curve from 0.938 to 0.979 and what is read right from 0.66 to 0.94. Always multiplying gives 0.987 and 0.95, but
bends the curve of half-shut lids: glances down (expressive/d3.mp4) then begin too early for the look-down guard."""
LEAST_FACING = 0.75
"""Eyes whose width is foreshortened more are not read: the far eye, from about 30 degrees of yaw (cab_2.avi)."""
_FACING_POWER = 4
"""How much more the better-seen eye counts."""
_EYEBALL_RADIUS = 0.35
"""From the eyeball's centre to the iris over the eye's width: 10.5 mm of 30 mm (adult means)."""
_IRIS_FOLLOWS = (0.5, 0.32)
"""How far the iris model follows an iris that has moved across and down: medians of 20 people with irises drawn at
other places (docs/evidence/attention.md). Three people who kept looking at the camera while they turned their heads by
a degree or two agree: their measured eyes turned back by 0.4 to 0.7 of it."""
_IRIS_AHEAD = (-0.055, -0.055)
"""Where the iris' centre is when the eyes look straight out of the head, from the middle between the corners towards
the nose and down, in eye widths: medians of nine people facing a camera (GRID, blinking_4, carphone, talking; by person
-0.09 to -0.03, so a person's own straight ahead must be learned)."""
_MOST_TURN_SINE = 0.7
"""Largest sine of the turn of an eye: 45 degrees."""
IRIS_SHARPNESS = 0.038
"""The iris' radius is measured in eyes at least this sharp (`EyeQuality.sharpness`). In a blurred picture the model
draws it as large behind shut lids as in an open eye: 1.01 of the usual radius in `lat_2.mp4`, 0.84 in the sharp
picture. From 0.0345 to 0.042 every view of the clips gives the same alerts; 0.046 gives a false one."""
_LEAST_GAZE_GAP = 0.15
"""Below this gap the lids hide too much of the iris to find its place."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Angles of the head to the camera, in degrees; signs as in the module's docstring."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def aspect_ratios(points: Float32) -> tuple[float, float]:
    """For the right and the left eye: distance of its lids over its width, in the mesh.

    The eye aspect ratio of Soukupová and Čech (2016). In the mesh it moves with the lids, but shows badly how far they
    are open (see above).
    """
    ends = points[_LIDS].tolist()
    spans = [math.dist(first, second) for first, second in zip(ends[::2], ends[1::2], strict=True)]
    right, left = ((one + other) / (2 * max(width, 1e-6)) for one, other, width in (spans[:3], spans[3:]))
    return right, left


def facing(points: Float32) -> tuple[float, float]:
    """For the right and the left eye: its width as seen over its width in space, 0 from the side to 1 frontal."""
    right, left = (points[b] - points[a] for a, b in (RIGHT_CORNERS, LEFT_CORNERS))
    return _seen_share(right), _seen_share(left)


def opening_of(eye: Eye, scale: float = 1.0) -> float:
    """Lid aperture over eye width of one eye: the contour's gap times `scale`, less where the net sees a shut eye.

    While the eye is at least half open by the net, the contour alone counts: it follows half-shut lids better. Below,
    the part of the gap above that of a shut eye shrinks with the net's share, down to zero.
    """
    gap = eye.lid_gap * scale
    if eye.open_share is None or gap <= SHUT_GAP:
        return gap
    return SHUT_GAP + (gap - SHUT_GAP) * min(1.0, eye.open_share / _TRUSTED_SHARE)


def iris_radius(eye: Eye, share: float = 1.0) -> float:
    """From the iris' top to its bottom, halved, over the eye's width in space; `share` is what `facing` gives."""
    width = math.dist(eye.lids[0].tolist(), eye.lids[8].tolist())
    return share * math.dist(eye.iris[2].tolist(), eye.iris[4].tolist()) / 2 / max(width, 1e-6)


def facing_weight(share: float) -> float:
    """The weight of an eye with this `share` of `facing`."""
    return share**_FACING_POWER


def eye_opening(eyes: tuple[Eye, Eye], seen: tuple[float, float], pitch_deg: float) -> float | None:
    """Lid aperture over eye width of both eyes together, the better-seen one weighing more; None when both are turned.

    `seen` is what `facing` gives; a gap is scaled by it because turning narrows the eye's width but not its height, and
    by the cosine of a head bent down, which flattens it. A head tipped back needs nothing: in carphone.mp4 the measured
    opening is the same from 1 to 27 degrees.
    """
    stretch = 1 / math.cos(math.radians(max(pitch_deg, 0.0)))
    total = opening = 0.0
    for eye, share in zip(eyes, seen, strict=True):
        if share >= LEAST_FACING:
            total += facing_weight(share)
            opening += facing_weight(share) * opening_of(eye, share * stretch)
    return opening / total if total else None


def eye_reading(side: Side, eye: Eye, share: float, pitch_deg: float) -> EyeReading:
    """The reading of one eye; `share` is its `facing`, and scales as in `eye_opening`."""
    stretch = share / math.cos(math.radians(max(pitch_deg, 0.0)))
    radius = iris_radius(eye, share) if eye.quality.sharpness >= IRIS_SHARPNESS else None
    return EyeReading(side, eye.lid_gap * stretch, facing_weight(share), eye.open_share, radius)


def eye_width_px(points: Float32) -> float:
    """Width of the better-seen eye in px of the frame."""
    return max(math.dist(points[a, :2].tolist(), points[b, :2].tolist()) for a, b in (RIGHT_CORNERS, LEFT_CORNERS))


def mouth_ratio(points: Float32) -> float:
    """Height between the inner lips over the mouth's width in space, so that turning the head does not open it."""
    upper, lower, left, right = points[_LIPS].tolist()
    return math.dist(upper[:2], lower[:2]) / max(math.dist(left, right), 1e-6)


def head_pose(points: Float32) -> HeadPose:
    """The head's angles from the mesh's own depth."""
    across, down = _direction(points, _ACROSS), _direction(points, _DOWN)
    shared = sum(one * other for one, other in zip(across, down, strict=True))
    x, y, z = (one - shared * other for one, other in zip(down, across, strict=True))
    return HeadPose(
        yaw_deg=_elevation_deg(across),
        pitch_deg=_elevation_deg((x, y, z)) - _PITCH_AT_REST_DEG,
        roll_deg=math.degrees(math.atan2(across[1], across[0])),
    )


def _seen_share(span: Float32) -> float:
    x, y, z = span.tolist()
    return math.hypot(x, y) / max(math.hypot(x, y, z), 1e-6)


def _direction(points: Float32, ends: npt.NDArray[np.int64]) -> _Direction:
    pairs = points[ends].tolist()
    x, y, z = (sum(end[axis] - start[axis] for start, end in zip(pairs[0], pairs[1], strict=True)) for axis in range(3))
    length = max(math.hypot(x, y, z), 1e-6)
    return x / length, y / length, z / length


def _elevation_deg(direction: _Direction) -> float:
    """The angle out of the image plane, > 0 away from the camera."""
    x, y, z = direction
    return math.degrees(math.atan2(z, math.hypot(x, y)))


@dataclass(frozen=True, slots=True)
class Gaze:
    """The direction of looking to the camera's axis, in degrees; signs as in the module's docstring."""

    yaw_deg: float
    pitch_deg: float


def gaze(eyes: tuple[Eye, Eye], seen: tuple[float, float], pose: HeadPose) -> Gaze | None:
    """The gaze of (right eye, left eye); `seen` is what `facing` gives. None without an open eye that is seen."""
    total = across = down = 0.0
    for eye, share, nose_is in zip(eyes, seen, (1.0, -1.0), strict=True):
        if share < LEAST_FACING or eye.lid_gap < _LEAST_GAZE_GAP:
            continue
        weight, (inward, lower) = facing_weight(share), _iris_place(eye)
        total += weight
        across += weight * nose_is * (inward - _IRIS_AHEAD[0])
        down += weight * (lower - _IRIS_AHEAD[1])
    if not total:
        return None
    yaw_deg, pitch_deg = (
        math.degrees(math.asin(max(-_MOST_TURN_SINE, min(turn / total / _EYEBALL_RADIUS / follows, _MOST_TURN_SINE))))
        for turn, follows in zip((across, down), _IRIS_FOLLOWS, strict=True)
    )
    return Gaze(pose.yaw_deg + yaw_deg, pose.pitch_deg + pitch_deg)


def _iris_place(eye: Eye) -> tuple[float, float]:
    """The iris' centre from the middle between the corners, towards the nose and down, in eye widths."""
    (outer_x, outer_y), (inner_x, inner_y), (x, y) = eye.lids[0].tolist(), eye.lids[8].tolist(), eye.iris[0].tolist()
    axis_x, axis_y = inner_x - outer_x, inner_y - outer_y
    x, y = x - (outer_x + inner_x) / 2, y - (outer_y + inner_y) / 2
    square = max(axis_x**2 + axis_y**2, 1e-6)
    return (x * axis_x + y * axis_y) / square, (axis_x * y - axis_y * x) / square
