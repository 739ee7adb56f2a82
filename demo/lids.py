"""Drawn eyelids: the skin between brow and eye stretched down over the eye, the lashes going with it."""

from __future__ import annotations

import cv2
import numpy as np

from edge.messages import Float32
from edge.vision.crop import Image

_SKIN = 0.42
"""Height of the skin that stretches, over the eye's width."""
_LASH_ABOVE, _LASH_BELOW = 0.12, 0.04
"""The upper lashes above and below the lid's contour, over the eye's width: they move, but do not stretch."""
_SHUT = 1.05
"""How far a shut lid falls, over the eye's height at each place."""
_SOFT_PX = 1.2


class Eyelid:
    """The upper lid of one eye."""

    def __init__(self, lids: Float32) -> None:
        """`lids` (16, 2): the contour in the order of `edge.vision.iris.Eye.lids`."""
        upper = lids[[0, *range(9, 16), 8]]
        lower = lids[0:9]
        width = float(np.ptp(lids[:, 0]))
        pad = round(0.12 * width)
        self._x0, self._x1 = round(float(lids[:, 0].min())) - pad, round(float(lids[:, 0].max())) + pad
        x = np.arange(self._x0, self._x1, dtype=np.float32)
        upper_y, lower_y = _curve(upper, x), _curve(lower, x)
        self._top_y = cv2.GaussianBlur((upper_y - _SKIN * width)[None], (0, 0), 6)[0]
        self._fall = np.maximum(0.0, _SHUT * (lower_y - upper_y))
        self._edge_y = upper_y + _LASH_BELOW * width
        self._crease_y = upper_y - _LASH_ABOVE * width
        self._y0, self._y1 = int(self._top_y.min()), int(lower_y.max()) + round(0.2 * width)
        self._x, self._y = np.meshgrid(x, np.arange(self._y0, self._y1, dtype=np.float32))

    def draw(self, image: Image, closed: float) -> None:
        """Lower the lid in `image` by the share `closed` of the eye's height, 0..1."""
        if closed <= 0.0:
            return
        part = image[self._y0 : self._y1, self._x0 : self._x1]
        fall = closed * self._fall
        squeeze = (self._crease_y - self._top_y) / (self._crease_y + fall - self._top_y)
        skin_y = self._top_y + np.maximum(self._y - self._top_y, 0.0) * squeeze
        source_y = np.where(self._y < self._top_y, self._y, np.maximum(skin_y, self._y - fall))
        lid = cv2.remap(image, self._x, source_y.astype(np.float32), cv2.INTER_LINEAR)
        cover = np.clip((self._edge_y + fall - self._y) / _SOFT_PX + 0.5, 0.0, 1.0)[..., None]
        part[:] = (cover * lid + (1.0 - cover) * part).astype(np.uint8)


def _curve(points: Float32, x: Float32) -> Float32:
    order = np.argsort(points[:, 0])
    return np.asarray(np.interp(x, points[order, 0], points[order, 1]), np.float32)
