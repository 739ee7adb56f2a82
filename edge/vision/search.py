"""Looking for faces in all of a frame: the short-range detector on the whole and, by turns, on its tiles.

The detector misses faces below about 0.115 of the side of what it is shown: nine faces in a 1280x720 picture were all
found at 130 px of width only in tiles (6 of 9 in the whole), at 80 px in tiles of 480 px, at 40 px in tiles of 360 px
(8 of 9). Eyes are readable from a face of about 42 px on, so tiles go down to 360 px.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from edge.bundle.bundle import Bundle
from edge.vision.crop import Image
from edge.vision.detector import Detection, FaceDetector
from edge.vision.overlap import is_same_face

_SMALLEST_TILE_PX = 360
_SHARED = 0.25
"""How much of a tile its neighbour shares, so that a face on the edge is whole in one of them."""


class FaceSearch:
    """Remembers which tile comes next; as many looks as there are tiles cover the frame at every size."""

    def __init__(self, bundle: Bundle) -> None:
        self._detector = FaceDetector(bundle)
        self._shape = (0, 0)
        self._tiles: list[tuple[int, int, int]] = []
        self._next = 0

    def look(self, image: Image) -> list[Detection]:
        """The faces in the whole of `image` (BGR) and in the next of its tiles, each face once."""
        if image.shape[:2] != self._shape:
            self._shape = (image.shape[0], image.shape[1])
            self._tiles, self._next = tiles(*self._shape), 0
        found = self._detector.detect(image)
        if self._tiles:
            x, y, side = self._tiles[self._next]
            self._next = (self._next + 1) % len(self._tiles)
            near = self._detector.detect(image[y : y + side, x : x + side])
            found += [
                item for item in _moved(near, x, y) if not any(is_same_face(item.box, other.box) for other in found)
            ]
        return found


def tiles(height: int, width: int) -> list[tuple[int, int, int]]:
    """Squares (x, y, side) in px that cover a frame, largest first; none where the whole frame is small enough."""
    if max(height, width) <= _SMALLEST_TILE_PX:
        return []
    side = min(height, width)
    found = []
    while True:
        found += [(x, y, side) for y, x in product(_starts(height, side), _starts(width, side))]
        if side <= _SMALLEST_TILE_PX:
            return found
        side = max(_SMALLEST_TILE_PX, side // 2)


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
