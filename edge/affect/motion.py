"""How much a face moves: its place in the picture and the turning of its head."""

from __future__ import annotations

import math

from edge.messages import Face

_APART_S = 0.2
"""Time between the pictures that are compared: shorter steps measure the jitter of boxes."""
_LOST_S = 1.0
"""Pictures further apart than this are not compared: nobody knows what was in between."""
_WIDTH_A_DEG = 1 / 60
"""Face widths that a degree of turning counts for: a head's turn by 60 degrees moves its nose by about its width."""


class Motion:
    """Remembers where each face was; the camera itself must not move."""

    def __init__(self) -> None:
        self._before: dict[int, Face] = {}

    def step(self, face: Face) -> float | None:
        """Speed of this face in face widths a second; None when there is nothing to compare it with."""
        if face.track is None or face.box is None:
            return None
        before = self._before.get(face.track)
        if before is None or not 0 <= face.t_s - before.t_s <= _LOST_S:
            self._before[face.track] = face
            return None
        if face.t_s - before.t_s < _APART_S:
            return None
        self._before[face.track] = face
        return _distance(before, face) / (face.t_s - before.t_s)

    def forget(self, track: int) -> None:
        """Drop a face that is gone for good."""
        self._before.pop(track, None)


def _distance(before: Face, now: Face) -> float:
    """Face widths between two sights of one face."""
    assert before.box is not None and now.box is not None
    (x, y, width, height), (x2, y2, width2, height2) = before.box, now.box
    moved = math.hypot(x2 + width2 / 2 - x - width / 2, y2 + height2 / 2 - y - height / 2) * 2 / (width + width2)
    turns = [
        (b - a) * _WIDTH_A_DEG
        for a, b in ((before.yaw_deg, now.yaw_deg), (before.pitch_deg, now.pitch_deg))
        if a is not None and b is not None
    ]
    return math.hypot(moved, *turns)
