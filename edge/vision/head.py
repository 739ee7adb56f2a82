"""What one mesh says of a face and of where its eyes are: measured once, it may stand for the next picture too."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.messages import Box
from edge.vision.crop import Crop
from edge.vision.geometry import (
    LEAST_FACING,
    HeadPose,
    aspect_ratios,
    eye_width_px,
    facing,
    head_pose,
    mouth_ratio,
)
from edge.vision.iris import eye_crops
from edge.vision.mesh import Mesh

MESH_STANDS_S = 0.07
"""A still head's mesh this old may stand for the picture in which the eyes are read: every second one from 15 a second
on, none with fewer."""
_KNOWN_S = 2 * MESH_STANDS_S
"""A mesh older than this says nothing of whether the head is still."""
_MOST_SHIFT = 0.02
"""Of the crop's side: of the meshes of 35 clips a picture apart half move less than 0.003, 90 % less than 0.01."""
_MOST_TURN_DEG = 1.5
"""In yaw or pitch; half turn less than 0.5."""
_MOST_MOUTH = 0.03
"""In `mouth_ratio`: whoever speaks or yawns has a mesh in every picture."""
_SIDES = (0, 1)
"""Right, left."""


@dataclass(frozen=True, slots=True)
class Head:
    """One face as its mesh shows it; lengths in px of the frame, pairs are (right eye, left eye)."""

    t_s: float
    """Of the picture that the mesh was made in."""
    box: Box
    crop: Crop
    """Where to look for the face in the next frame."""
    pose: HeadPose
    mouth: float
    eye_width_px: float
    lids: tuple[float, float]
    """How far apart the mesh has the lids, `aspect_ratios`."""
    facing: tuple[float, float]
    eye_crops: tuple[Crop, Crop]

    @property
    def readable(self) -> list[int]:
        """The sides (0 right, 1 left) of the eyes that face the camera enough to be read."""
        return [side for side in _SIDES if self.facing[side] >= LEAST_FACING]

    def is_still(self, before: Head) -> bool:
        """Whether this head is as it was in `before`, its mouth included."""
        if self.t_s - before.t_s > _KNOWN_S:
            return False
        shift_px = max(
            math.hypot(self.crop.x_px - before.crop.x_px, self.crop.y_px - before.crop.y_px),
            abs(self.crop.side_px - before.crop.side_px),
        )
        turn_deg = max(abs(self.pose.yaw_deg - before.pose.yaw_deg), abs(self.pose.pitch_deg - before.pose.pitch_deg))
        return (
            shift_px <= _MOST_SHIFT * before.crop.side_px
            and turn_deg <= _MOST_TURN_DEG
            and abs(self.mouth - before.mouth) <= _MOST_MOUTH
        )


def head_of(mesh: Mesh, t_s: float) -> Head:
    """Measure a mesh that was made in the picture of `t_s`."""
    points = mesh.points
    return Head(
        t_s=t_s,
        box=mesh.box(),
        crop=mesh.next_crop(),
        pose=head_pose(points),
        mouth=mouth_ratio(points),
        eye_width_px=eye_width_px(points),
        lids=aspect_ratios(points),
        facing=facing(points),
        eye_crops=eye_crops(mesh),
    )
