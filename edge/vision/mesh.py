"""The 468-point face mesh: where the parts of a face are, and whether there is a face at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.messages import Box, Float32
from edge.vision.crop import Crop, Image, angle_between, unit_rgb

INPUT_PX = 192
_POINTS = 468
_LEAST_PRESENCE = 0.5
_CERTAIN_PRESENCE = 0.9
"""For a face not yet followed: a cartoon's lettering reached 0.86 (face_noface.mov), real faces 0.99 to 1."""
_MARGIN = 1.5
"""Side of the next crop over the longer side of the landmarks' box (MediaPipe, face_landmark_front)."""
_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263


@dataclass(frozen=True, slots=True)
class Mesh:
    """One face: `points` (468, 3) in px of the frame, depth in the same unit, smaller towards the camera."""

    points: Float32
    presence: float

    @property
    def present(self) -> bool:
        """Whether the model still sees the face that it followed here."""
        return self.presence >= _LEAST_PRESENCE

    @property
    def certain(self) -> bool:
        """Whether the model is sure enough to start following."""
        return self.presence >= _CERTAIN_PRESENCE

    def box(self) -> Box:
        """The landmarks' box in px of the frame."""
        x, y = self.points[:, 0], self.points[:, 1]
        left, top = float(x.min()), float(y.min())
        return left, top, float(x.max()) - left, float(y.max()) - top

    def next_crop(self) -> Crop:
        """Where to look for this face in the next frame: around the landmarks, turned so that the eyes lie level."""
        angle = angle_between(self.points[_RIGHT_EYE_OUTER], self.points[_LEFT_EYE_OUTER])
        cosine, sine = math.cos(angle), math.sin(angle)
        along = self.points[:, 0] * cosine + self.points[:, 1] * sine
        down = self.points[:, 1] * cosine - self.points[:, 0] * sine
        left, right, top, bottom = (float(edge) for edge in (along.min(), along.max(), down.min(), down.max()))
        x, y = (left + right) / 2, (top + bottom) / 2
        side = _MARGIN * max(right - left, bottom - top)
        return Crop(x * cosine - y * sine, x * sine + y * cosine, side, angle)


class FaceMesh:
    """Places the mesh in given crops; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("face_mesh")

    def locate(self, image: Image, crops: list[Crop]) -> list[Mesh]:
        """One mesh a crop, all in one run; a mesh that is not `present` says nothing about a face."""
        if not crops:
            return []
        pictures = [crop.cut(image, INPUT_PX) for crop in crops]
        outputs = self._session.run({"image": unit_rgb(pictures)})
        found = []
        for crop, landmarks, logit in zip(crops, outputs["landmarks"], outputs["presence"], strict=True):
            points = crop.to_frame(landmarks.reshape(_POINTS, 3), INPUT_PX)
            presence = 1.0 / (1.0 + math.exp(-min(max(float(logit[0]), -80.0), 80.0)))
            found.append(Mesh(points, presence))
        return found
