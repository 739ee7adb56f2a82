"""Where faces are: MediaPipe's short-range detector, its anchors decoded and overlapping boxes merged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Box, Float32
from edge.vision.crop import Crop, Image, angle_between, halved, halvings, unit_rgb
from edge.vision.overlap import SAME_FACE_OVERLAP, overlap_with

INPUT_PX = 128
_GRIDS = ((16, 2), (8, 6))
"""Cells a side and anchors a cell of the two feature maps (MediaPipe, face_detection_short_range)."""
_LEAST_SCORE = 0.65
"""Noise reaches 0.53 and a cat 0.47, a frontal face 0.92 (measured on the converted model, see the model card)."""
_MARGIN = 1.5
"""Side of the mesh's crop over the longer side of the box (MediaPipe, face_landmark_front)."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One face: `box` in px of the frame, `crop` for the mesh, turned so that the eyes lie level."""

    score: float
    box: Box
    crop: Crop


class FaceDetector:
    """Finds the faces of one frame; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("face_detector")
        self._anchors = _anchors()

    def detect(self, image: Image) -> list[Detection]:
        """Every face of `image` (BGR), best first."""
        letterboxed, scale, offset = _letterbox(image)
        batch = unit_rgb([letterboxed]) * np.float32(2) - np.float32(1)
        outputs = self._session.run({"image": batch})
        scores = 1.0 / (1.0 + np.exp(-np.clip(outputs["scores"][0, :, 0], -80.0, 80.0)))
        likely = scores >= _LEAST_SCORE
        if not likely.any():
            return []
        decoded = outputs["boxes"][0, likely].reshape(-1, 8, 2) / INPUT_PX
        decoded[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors[likely, None]
        decoded *= INPUT_PX
        decoded[:, [0, 2, 3, 4, 5, 6, 7]] -= offset
        return [_detection(score, values / scale) for score, values in _merged(scores[likely], decoded)]


def _anchors() -> Float32:
    """Centres of the 896 anchors, (896, 2), 0..1, in the order of the model's outputs."""
    rows = []
    for cells, repeats in _GRIDS:
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        rows.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(rows)


def _letterbox(image: Image) -> tuple[Image, float, Float32]:
    """The image fitted into the model's black square, with the scale and the (x, y) offset in px of the square."""
    height, width = image.shape[:2]
    scale = INPUT_PX / max(height, width)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (INPUT_PX - fitted[0]) // 2, (INPUT_PX - fitted[1]) // 2
    square = np.zeros((INPUT_PX, INPUT_PX, 3), np.uint8)
    smaller = halved(image, halvings(1 / scale))
    square[top : top + fitted[1], left : left + fitted[0]] = cv2.resize(smaller, fitted, interpolation=cv2.INTER_AREA)
    return square, scale, np.array([left, top], np.float32)


def _merged(scores: Float32, decoded: Float32) -> list[tuple[float, Float32]]:
    """Merge the candidates of each face into their mean weighted by score; `decoded` is (n, 8, 2)."""
    boxes = np.concatenate([decoded[:, 0] - decoded[:, 1] / 2, decoded[:, 1]], axis=1)
    order = np.argsort(-scores, kind="stable")
    faces = []
    while order.size:
        same = overlap_with(boxes[order[0]], boxes[order]) >= SAME_FACE_OVERLAP
        same[0] = True
        members = order[same]
        values = np.average(decoded[members], axis=0, weights=scores[members])
        faces.append((float(scores[order[0]]), values.astype(np.float32)))
        order = order[~same]
    return faces


def _detection(score: float, values: Float32) -> Detection:
    """`values` (8, 2): centre, size, then right eye, left eye, nose, mouth, right ear, left ear, in px of the frame."""
    (x, y), (width, height) = values[0].tolist(), values[1].tolist()
    crop = Crop(x, y, _MARGIN * max(width, height), angle_between(values[2], values[3]))
    return Detection(score, (x - width / 2, y - height / 2, width, height), crop)
