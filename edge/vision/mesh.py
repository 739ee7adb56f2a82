"""The 468-point face mesh: where the parts of a face are, and whether there is a face at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Box, Float32
from edge.vision.crop import Crop, Image, angle_between, unit_rgb

INPUT_PX = 192
_POINTS = 468
_LEAST_PRESENCE = 0.5
_CERTAIN_PRESENCE = 0.9
"""For a face that is not tracked yet: letters in a cartoon reached 0.86 (face_noface.mov), real faces 0.99 to 1."""
_MARGIN = 1.5
"""Side of the next crop over the longer side of the landmarks' box (MediaPipe, face_landmark_front)."""
_DARK, _LIT, _MOST_GAIN = 60.0, 110.0, 4.0
"""A crop with a mean grey level below the first is brightened to the second, but by no more than the gain: in a quarter
of the light the mouth of cab_1.avi's yawn seems to open to 0.47 instead of 0.70, brightened to 0.64."""
_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263


@dataclass(frozen=True, slots=True)
class Mesh:
    """One face: `points` (468, 3) in px of the frame, depth in the same unit, smaller towards the camera."""

    points: Float32
    presence: float

    @property
    def present(self) -> bool:
        """Whether the model still sees the tracked face here."""
        return self.presence >= _LEAST_PRESENCE

    @property
    def certain(self) -> bool:
        """Whether the model is sure enough to start a track."""
        return self.presence >= _CERTAIN_PRESENCE

    def box(self) -> Box:
        """The landmarks' box in px of the frame."""
        left, right, top, bottom = self._edges(0.0)
        return left, top, right - left, bottom - top

    def next_crop(self) -> Crop:
        """Where to look for this face in the next frame: around the landmarks, turned so that the eyes lie level."""
        angle = angle_between(self.points[_RIGHT_EYE_OUTER], self.points[_LEFT_EYE_OUTER])
        left, right, top, bottom = self._edges(angle)
        x, y, side = (left + right) / 2, (top + bottom) / 2, _MARGIN * max(right - left, bottom - top)
        cosine, sine = math.cos(angle), math.sin(angle)
        return Crop(x * cosine - y * sine, x * sine + y * cosine, side, angle)

    def _edges(self, angle_rad: float) -> tuple[float, float, float, float]:
        """Left, right, top and bottom of the landmarks along axes that are turned by `angle_rad`."""
        cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
        turn = np.array([[cosine, -sine], [sine, cosine]], np.float32)
        turned = np.ascontiguousarray(
            (self.points[:, :2] @ turn).T
        )  # numpy takes rows' extremes in a third of the time
        (left, top), (right, bottom) = turned.min(axis=1).tolist(), turned.max(axis=1).tolist()
        return left, right, top, bottom


class FaceMesh:
    """Places the mesh in given crops; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("face_mesh")

    def locate(self, image: Image, crops: list[Crop]) -> list[Mesh]:
        """One mesh per crop, all in one run; a mesh that is not `present` is not a face."""
        if not crops:
            return []
        pictures = [_lit(crop.cut(image, INPUT_PX)) for crop in crops]
        outputs = self._session.run({"image": unit_rgb(pictures)})
        found = []
        for crop, landmarks, logit in zip(crops, outputs["landmarks"], outputs["presence"], strict=True):
            points = crop.to_frame(landmarks.reshape(_POINTS, 3), INPUT_PX)
            presence = 1.0 / (1.0 + math.exp(-min(max(float(logit[0]), -80.0), 80.0)))
            found.append(Mesh(points, presence))
        return found


def _lit(picture: Image) -> Image:
    """The crop, brightened if it is dark."""
    blue, green, red, _ = cv2.mean(picture)
    level = (blue + green + red) / 3
    if level >= _DARK:
        return picture
    return np.asarray(cv2.convertScaleAbs(picture, alpha=min(_LIT / max(level, 1.0), _MOST_GAIN)), np.uint8)
