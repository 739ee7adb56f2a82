"""The face tracker: stable track numbers over frames, by overlap and, after a loss, by position and size.

`Head` holds what one mesh shows: pose of the face and places of the eyes. It is measured once and may be reused for the
next frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.messages import Box
from edge.vision.crop import Crop
from edge.vision.detector import Detection, is_same_face
from edge.vision.geometry import LEAST_FACING, HeadPose, aspect_ratios, eye_width_px, facing, head_pose, mouth_ratio
from edge.vision.iris import eye_crops
from edge.vision.mesh import Mesh

MESH_STANDS_S = 0.07
"""The mesh of a still head may be reused for this long, while the eyes are read: in every second frame from 15 frames a
second on, in none with fewer."""
_KNOWN_S = 2 * MESH_STANDS_S
"""With a mesh older than this it is unknown whether the head is still."""
_MOST_SHIFT = 0.02
"""Of the crop's side: from one frame to the next, half of the meshes of 35 clips move less than 0.003, 90 % less than
0.01.
"""
_MOST_TURN_DEG = 1.5
"""In yaw or pitch; half turn less than 0.5."""
_MOST_MOUTH = 0.03
"""In `mouth_ratio`: a person who speaks or yawns has a mesh in every frame."""
_SIDES = (0, 1)
"""Right, left."""
GRACE_S = 5.0
"""A lost face keeps its number this long: a look over the shoulder must not throw away the person's baseline."""
_RETURN_DISTANCE = 1.5
"""A lost face may come back this many of its widths away."""
_RETURN_SIZE = 2.0
"""... and this many times larger or smaller."""
_TAKEOVER_AREA = 2.0
"""When all places are taken, a face this many times larger takes the place of the smallest one."""


@dataclass(frozen=True, slots=True)
class Head:
    """One face as its mesh shows it; lengths in px of the frame, pairs are (right eye, left eye)."""

    t_s: float
    """Time of the frame of the mesh."""
    box: Box
    crop: Crop
    """Where to look for the face in the next frame."""
    pose: HeadPose
    mouth: float
    eye_width_px: float
    lids: tuple[float, float]
    """How far apart the lids are in the mesh, `aspect_ratios`."""
    facing: tuple[float, float]
    eye_crops: tuple[Crop, Crop]

    @property
    def readable(self) -> list[int]:
        """The sides (0 right, 1 left) of the eyes that face the camera enough to be read."""
        return [side for side in _SIDES if self.facing[side] >= LEAST_FACING]

    def is_still(self, before: Head) -> bool:
        """Whether this head has not moved since `before`, its mouth included."""
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
    """Measure a mesh of the frame at `t_s`."""
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


@dataclass(slots=True)
class Track:
    """One person; `visible` is false between a loss and the return or the end of the grace."""

    number: int
    head: Head
    """The head measured last."""
    seen_s: float
    visible: bool = True
    still: bool = False
    """Whether the last two heads are alike."""
    frames: int = 0
    """Frames in which it was seen."""
    expression: Mapping[str, float] | None = None
    expression_s: float = 0.0

    @property
    def box(self) -> Box:
        """The face's box in px of the frame."""
        return self.head.box

    @property
    def crop(self) -> Crop:
        """Where to look for the face next."""
        return self.head.crop

    def stands(self, t_s: float) -> bool:
        """Whether the last head may be reused for the frame at `t_s`: a still head, measured in the frame before."""
        return self.still and self.seen_s == self.head.t_s and t_s - self.head.t_s <= MESH_STANDS_S


class Tracker:
    """The tracks of one camera, at most `max_faces` of them visible."""

    def __init__(self, max_faces: int) -> None:
        self._max_faces = max_faces
        self._last_number = 0
        self.tracks: list[Track] = []

    @property
    def visible(self) -> list[Track]:
        """The tracks that were seen in the last frame, by number."""
        return [track for track in self.tracks if track.visible]

    @property
    def full(self) -> bool:
        """Whether all places are taken."""
        return len(self.visible) >= self._max_faces

    def expire(self, t_s: float) -> None:
        """Forget the tracks that were lost too long ago."""
        self.tracks = [track for track in self.tracks if track.visible or t_s - track.seen_s <= GRACE_S]

    def claim(self, detections: list[Detection]) -> list[tuple[Track | None, Detection]]:
        """The detections that get a mesh, each with the lost track that returns with it, or None for a new face."""
        seen = self.visible
        unknown = [item for item in detections if not any(is_same_face(item.box, track.box) for track in seen)]
        lost = [track for track in self.tracks if not track.visible]
        claims: list[tuple[Track | None, Detection]] = []
        for track in lost:
            returned = min(unknown, key=lambda item: _distance(item.box, track.box), default=None)
            if returned is not None and _could_be(returned.box, track.box):
                claims.append((track, returned))
                unknown.remove(returned)
        unknown.sort(key=lambda item: -_area(item.box))
        return claims + [(None, item) for item in unknown if self.admits(item.box)]

    def admits(self, box: Box) -> bool:
        """Whether a new face gets a place: a free one, or the place of a much smaller face."""
        return not self.full or _area(box) >= _TAKEOVER_AREA * min(_area(track.box) for track in self.visible)

    def follow(self, track: Track | None, head: Head) -> Track:
        """The mesh shows a face: of `track`, or of a new person. Returns the track."""
        if track is None:
            self._last_number += 1
            track = Track(self._last_number, head, head.t_s)
            self.tracks.append(track)
        else:
            track.still = track.visible and head.is_still(track.head)
        track.head = head
        self.keep(track, head.t_s)
        return track

    def keep(self, track: Track, t_s: float) -> None:
        """The face is in the frame at `t_s`; each frame is counted once."""
        if t_s > track.seen_s or not track.frames:
            track.frames += 1
        track.seen_s, track.visible = t_s, True

    def lose(self, track: Track) -> None:
        """The face is not found where it was."""
        track.visible, track.still, track.expression = False, False, None

    def settle(self) -> None:
        """End a frame: of two tracks on one face the older stays; the smallest faces beyond `max_faces` are lost."""
        kept: list[Track] = []
        for track in self.visible:
            if any(is_same_face(track.box, other.box) for other in kept):
                self.tracks.remove(track)
            else:
                kept.append(track)
        for track in sorted(kept, key=lambda item: -_area(item.box))[self._max_faces :]:
            self.lose(track)


def _could_be(found: Box, lost: Box) -> bool:
    larger = max(found[2] / lost[2], lost[2] / found[2])
    return _distance(found, lost) <= _RETURN_DISTANCE * lost[2] and larger <= _RETURN_SIZE


def _distance(first: Box, second: Box) -> float:
    return float(
        np.hypot(
            first[0] + first[2] / 2 - second[0] - second[2] / 2, first[1] + first[3] / 2 - second[1] - second[3] / 2
        )
    )


def _area(box: Box) -> float:
    return box[2] * box[3]
