"""Looking for faces in all of a frame: the short-range detector on the whole and, by turns, on its tiles.

The detector misses faces below about 0.115 of the side of what it is shown: nine faces in a 1280x720 picture were all
found at 130 px of width only in tiles (6 of 9 in the whole), at 80 px in tiles of 480 px, at 40 px in tiles of 360 px
(8 of 9). Eyes are readable from a face of about 42 px on, so tiles go down to 360 px where one person is looked for. In
a room faces are smaller: fifteen people of 32 px in a 1920x1080 picture are all found in tiles of 300 px and less, 6 in
tiles of 360 px.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np

from edge.bundle.bundle import Bundle
from edge.vision.crop import Image
from edge.vision.detector import Detection, FaceDetector
from edge.vision.overlap import is_same_face

_SMALLEST_TILE_PX = 360
_SMALLEST_OF_ROOM_PX = 240
_LOOKS_A_ROUND = 8
"""Looks in which all tiles of a room are seen."""
_SHARED = 0.25
"""How much of a tile its neighbour shares, so that a face on the edge is whole in one of them."""


class FaceSearch:
    """Remembers which tile comes next.

    As many looks as there are tiles cover the frame at every size, `_LOOKS_A_ROUND` looks cover that of a room.
    """

    def __init__(self, bundle: Bundle, room: bool = False) -> None:
        """`room` looks for smaller faces, and at several tiles a look."""
        self._room = room
        self._detector = FaceDetector(bundle)
        self._shape = (0, 0)
        self._tiles: list[tuple[int, int, int]] = []
        self._next = 0

    def look(self, image: Image) -> list[Detection]:
        """The faces in the whole of `image` (BGR) and in the next of its tiles, each face once."""
        if image.shape[:2] != self._shape:
            self._shape = (image.shape[0], image.shape[1])
            self._tiles, self._next = tiles(*self._shape, _SMALLEST_OF_ROOM_PX if self._room else _SMALLEST_TILE_PX), 0
        found = self._detector.detect(image)
        for x, y, side in self._turn():
            near = self._detector.detect(image[y : y + side, x : x + side])
            found += [
                item for item in _moved(near, x, y) if not any(is_same_face(item.box, other.box) for other in found)
            ]
        return found

    def _turn(self) -> list[tuple[int, int, int]]:
        """The tiles of this look."""
        if not self._tiles:
            return []
        count = -(-len(self._tiles) // _LOOKS_A_ROUND) if self._room else 1
        places = [(self._next + place) % len(self._tiles) for place in range(count)]
        self._next = (places[-1] + 1) % len(self._tiles)
        return [self._tiles[place] for place in places]


def tiles(height: int, width: int, smallest_px: int) -> list[tuple[int, int, int]]:
    """Squares (x, y, side) in px that cover a frame, largest first; none where the whole frame is small enough.

    Each size is about half of the one before; the last is `smallest_px`, or all of a frame that is less high.
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
