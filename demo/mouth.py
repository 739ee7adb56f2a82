"""A drawn mouth: corners that smile or sink, lips that close over the teeth, a jaw that drops."""

from __future__ import annotations

import cv2
import numpy as np

from demo.portrait import Portrait
from edge.messages import Float32
from edge.vision.crop import Image

_INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Mesh points along the lower lip's inner edge, from the picture's left to its right."""
_CORNERS = (61, 291)
_UPPER_LIP, _INNER_LIPS = 0, (13, 14)
_BRIDGE, _CHIN, _CHEEKS = 168, 152, (234, 454)
_JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
"""Mesh points along the jaw, from the picture's left to its right."""
_CAVITY_BGR = (26, 18, 52)
_YAWN = 0.50
"""How far the jaw drops in a full yawn, over the mouth's width."""
_NARROW = 0.10
"""How much narrower a full yawn makes each half of the mouth."""
_CORNERS_DROP = 0.30
"""How far the corners go down with the jaw in a full yawn, over the mouth's width."""
_LIFT = 0.08
"""How far a full yawn lifts the upper lip, over the mouth's width."""
_SINK, _DRAW_IN = 0.13, 0.10
"""How far the corners of a mouth at rest lie below and inside those of the portrait's smile, over its width."""
_ROUND = 0.6
"""Shape of the opening: 0.5 is an ellipse, 1 a parabola."""
_STEPS = 9
_SOFT_PX = 1.5


class Mouth:
    """The mouth of the portrait, which smiles and shows its teeth."""

    def __init__(self, portrait: Portrait) -> None:
        self._points = portrait.points[:, :2]
        left, right = self._points[list(_CORNERS)]
        self._width = float(right[0] - left[0])
        cheeks = self._points[list(_CHEEKS), 0]
        self._x0, self._x1 = int(cheeks[0] - self._width / 2), int(cheeks[1] + self._width / 2)
        self._y0 = int(self._points[_BRIDGE, 1])
        chin_y = float(self._points[_CHIN, 1])
        self._y1 = min(int(chin_y + 1.2 * _YAWN * self._width), len(portrait.image))
        grid = np.meshgrid(np.arange(self._x0, self._x1), np.arange(self._y0, self._y1))
        self._x, self._y = (axis.astype(np.float32) for axis in grid)
        self._near = [self._around(corner, 0.32) for corner in (left, right)]
        self._lip = self._around(self._points[_UPPER_LIP], 0.22)
        upper, lower = self._points[list(_INNER_LIPS), 1]
        self._gap = float(lower - upper)
        self._face = self._below_jawline()

    def draw(self, image: Image, smile: float, jaw: float) -> None:
        """Change the mouth in `image`.

        `smile` goes from 0, at rest, to 1, the portrait's own smile with its teeth; `jaw` from 0, shut, to 1, a yawn.
        """
        part = image[self._y0 : self._y1, self._x0 : self._x1]
        rest = 1.0 - smile
        x, y = self._corners_moved(rest * _SINK * (1.0 - jaw) + jaw * _CORNERS_DROP, rest * _DRAW_IN + jaw * _NARROW)
        y = y + jaw * _LIFT * self._width * self._lip
        drop = jaw * _YAWN * self._width - min(rest, 1.0) * (1.0 - jaw) * self._gap
        seam_y, bow = self._seam(x)
        source_y = self._undropped(x, y, drop, seam_y, bow)
        upper = np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR), np.uint8)
        lower = np.asarray(cv2.remap(image, x, source_y, cv2.INTER_LINEAR), np.uint8)
        below = np.clip((source_y - seam_y) / _SOFT_PX + 0.5, 0.0, 1.0)
        inside = self._sample(self._face, x, source_y)
        cavity = np.clip((y - seam_y) / _SOFT_PX + 0.5, 0.0, 1.0) * (bow > 0) * (1.0 - below) * (drop > 0)
        shown = _blend(upper, np.full_like(upper, _CAVITY_BGR), cavity)
        part[:] = _blend(shown, lower, below * inside)

    def _around(self, point: Float32, reach: float) -> Float32:
        distance2 = (self._x - point[0]) ** 2 + (self._y - point[1]) ** 2
        return np.asarray(np.exp(-distance2 / (2 * (reach * self._width) ** 2)), np.float32)

    def _corners_moved(self, down: float, inwards: float) -> tuple[Float32, Float32]:
        """Where to look in the portrait when both corners move, in shares of the mouth's width."""
        left, right = self._near
        x = self._x - inwards * self._width * (left - right)
        y = self._y - down * self._width * (left + right)
        return x.astype(np.float32), y.astype(np.float32)

    def _seam(self, x: Float32) -> tuple[Float32, Float32]:
        """The lower lip's inner edge at each x, and how much of a drop the lips follow there, 0 at the corners."""
        line = self._points[list(_INNER_LOWER)]
        seam_y = np.interp(x, line[:, 0], line[:, 1]).astype(np.float32)
        middle, half = (line[0, 0] + line[-1, 0]) / 2, (line[-1, 0] - line[0, 0]) / 2
        bow = np.clip(1.0 - ((x - middle) / half) ** 2, 0.0, 1.0) ** _ROUND
        return seam_y, bow.astype(np.float32)

    def _undropped(self, x: Float32, y: Float32, drop: float, seam_y: Float32, bow: Float32) -> Float32:
        """The height in the portrait of what a drop of the lower lip brings to each place.

        Solves source + drop * share(source) = y; half steps settle where the share rises by up to 3 / drop a px.
        """
        broad = np.exp(-((x - self._points[_CHIN, 0]) ** 2) / (2 * (0.75 * self._width) ** 2))
        source_y = y
        for _ in range(_STEPS):
            below = (source_y - seam_y) / self._width
            if drop > 0:  # the jaw: from the lips' bow to the chin, which moves as a whole
                blend = np.clip(below / 0.45, 0.0, 1.0)
                blend = blend * blend * (3 - 2 * blend)
                share = (1.0 - blend) * bow + blend * broad
            else:  # the lower lip alone rises over the teeth
                share = bow * np.clip(1.0 - below / 0.35, 0.0, 1.0)
            source_y = source_y - (source_y + drop * share - y) / 2
        return source_y.astype(np.float32)

    def _below_jawline(self) -> Float32:
        """1 in the face, 0 below the jaw, as a picture of the part that is drawn."""
        line = self._points[list(_JAW)]
        outline = np.vstack([line, [self._x1, self._y0], [self._x0, self._y0]]) - (self._x0, self._y0)
        mask = np.zeros(self._x.shape, np.float32)
        cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1.0)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), 3), np.float32)

    def _sample(self, field: Float32, x: Float32, y: Float32) -> Float32:
        moved = (x - self._x0).astype(np.float32), (y - self._y0).astype(np.float32)
        return np.asarray(cv2.remap(field, *moved, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _blend(under: Image, over: Image, share: Float32) -> Image:
    return np.asarray(under + share[..., None] * (over.astype(np.float32) - under), np.uint8)
