"""The face detector: MediaPipe's short-range model on the whole frame and, in turn, on its tiles.

The detector misses faces below about 0.115 of the side of what it is shown: nine faces in a 1280x720 frame were all
found at 130 px of width only in tiles (6 of 9 in the whole), at 80 px in tiles of 480 px, at 40 px in tiles of 360 px
(8 of 9). Eyes are readable from a face of about 42 px on, so tiles go down to 360 px where one person is looked for. In
a room faces are smaller: fifteen people of 32 px in a 1920x1080 frame are all found in tiles of 300 px and less, 6 in
tiles of 360 px.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Box, Float32
from edge.vision.crop import Crop, Image, angle_between, halved, halvings, unit_rgb

SAME_FACE_OVERLAP = 0.3
"""Intersection over union from which two boxes are one face (MediaPipe's suppression threshold)."""
INPUT_PX = 128
_GRIDS = ((16, 2), (8, 6))
"""Cells a side and anchors a cell of the two feature maps (MediaPipe, face_detection_short_range)."""
_LEAST_SCORE = 0.65
"""Noise reaches 0.53, a cat 0.47, a frontal face 0.92 (measured on the converted model, see the model card)."""
_MARGIN = 1.5
"""Side of the mesh's crop over the longer side of the box (MediaPipe, face_landmark_front)."""
_SMALLEST_TILE_PX = 360
_SMALLEST_OF_ROOM_PX = 240
_LOOKS_A_ROUND = 8
"""Searches in which all tiles of a room are covered."""
_SHARED = 0.25
"""Share of a tile that its neighbour covers too, so that a face on the edge is whole in one of them."""


def overlap_with(box: Float32, boxes: Float32) -> Float32:
    """Intersection over union of one box (4,) with each of `boxes` (n, 4), all x, y, width, height."""
    lower = np.maximum(box[:2], boxes[:, :2])
    upper = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    shared = np.prod(np.clip(upper - lower, 0.0, None), axis=1)
    union = np.prod(box[2:]) + np.prod(boxes[:, 2:], axis=1) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def is_same_face(first: Box, second: Box) -> bool:
    """Whether two boxes of one frame hold the same face."""
    overlap = overlap_with(np.array(first, np.float32), np.array([second], np.float32))
    return float(overlap[0]) >= SAME_FACE_OVERLAP


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


class FaceSearch:
    """Remembers which tile comes next.

    As many searches as there are tiles cover the frame at every size, twice as many if frame and tiles are searched by
    turns; a room is covered by `_LOOKS_A_ROUND` searches.
    """

    def __init__(self, bundle: Bundle, room: bool = False) -> None:
        """`room`: search for smaller faces, in several tiles at a time."""
        self._room = room
        self._detector = FaceDetector(bundle)
        self._shape = (0, 0)
        self._tiles: list[tuple[int, int, int]] = []
        self._next = 0
        self.whole = False
        """Whether the last search was of the whole frame."""

    def look(self, image: Image, by_turns: bool = False) -> list[Detection]:
        """The faces in the whole `image` (BGR) and in the next of its tiles, each face once.

        `by_turns`: in one of the two, at half the cost.
        """
        if image.shape[:2] != self._shape:
            self._shape = (image.shape[0], image.shape[1])
            self._tiles, self._next = tiles(*self._shape, _SMALLEST_OF_ROOM_PX if self._room else _SMALLEST_TILE_PX), 0
        by_turns = by_turns and bool(self._tiles)
        self.whole = not (by_turns and self.whole)
        found = self._detector.detect(image) if self.whole else []
        for x, y, side in self._turn() if not (by_turns and self.whole) else []:
            near = self._detector.detect(image[y : y + side, x : x + side])
            found += [
                item for item in _moved(near, x, y) if not any(is_same_face(item.box, other.box) for other in found)
            ]
        return found

    def _turn(self) -> list[tuple[int, int, int]]:
        """The tiles of this search."""
        if not self._tiles:
            return []
        count = -(-len(self._tiles) // _LOOKS_A_ROUND) if self._room else 1
        places = [(self._next + place) % len(self._tiles) for place in range(count)]
        self._next = (places[-1] + 1) % len(self._tiles)
        return [self._tiles[place] for place in places]


def tiles(height: int, width: int, smallest_px: int) -> list[tuple[int, int, int]]:
    """Squares (x, y, side) in px that cover a frame, largest first; none if the whole frame is small enough.

    Each size is about half of the one before; the last is `smallest_px`, or the height of a smaller frame.
    """
    if max(height, width) <= smallest_px:
        return []
    largest = min(height, width)
    steps = max(1, round(math.log2(largest / smallest_px))) if largest > smallest_px else 0
    sides = [round(largest * (smallest_px / largest) ** (step / max(steps, 1))) for step in range(steps + 1)]
    return [(x, y, side) for side in sides for y, x in product(_starts(height, side), _starts(width, side))]


def _starts(length: int, side: int) -> list[int]:
    if length == side:
        return [0]
    count = 1 + int(np.ceil((length - side) / (side * (1 - _SHARED))))
    return [round(start) for start in np.linspace(0, length - side, count)]


def _moved(detections: list[Detection], x: int, y: int) -> list[Detection]:
    return [
        Detection(
            item.score,
            (item.box[0] + x, item.box[1] + y, item.box[2], item.box[3]),
            replace(item.crop, x_px=item.crop.x_px + x, y_px=item.crop.y_px + y),
        )
        for item in detections
    ]
