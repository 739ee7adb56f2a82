"""Detects a moved camera: nearly all fixed contours of the view are replaced by others.

Contours decide, because light (sun, tunnels, lamps) changes grey levels but not where a pillar ends. Only contours that
stay for long in many parts of the view count, because people move and windows show changing scenes.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.i18n.texts import Sentence

LOOK_S = 0.5
"""Between two checks."""
_WIDTH_PX, _HEIGHT_PX = 160, 120
_CONTOUR_SHARE, _LEAST_SLOPE = 0.15, 24.0
"""A contour is the steepest part of an image, and steeper (Sobel, grey levels) than noise on a plain wall."""
_KNOWN_S = 20.0
"""Time constant of learning a contour, and how long a view must be seen before its loss counts."""
_NOW_LOOKS = 6
"""Checks (3 s) over which the present view is averaged: a hand, a passer-by or a curve has passed by then."""
_STEADY = 0.6
"""Least agreement of a steady contour's direction over time, from 0 to 1."""
_CELLS = 4
"""The view is divided into cells of a quarter of its width and height."""
_LEAST_CONTOUR_PX = 24
"""Cells with fewer steady contours are not judged."""
_LEAST_CELLS = 7
"""Views with fewer cells to judge are not judged: one person fills four or five."""
_SHAKE_PX = 4
"""How far vibration may shift the view: 2.5 % of its width."""
_KEPT, _GONE = 0.45, 0.2
"""Agreement of a cell with what was known there, from 0 to 1: above the one it is as before, below the other gone."""
_MOST_KEPT_CELLS, _LEAST_GONE_CELLS = 0.15, 0.8
"""Share of the judged cells: nearly none as before, nearly all gone. In the 36 clips of the shared data, played to and
fro for two minutes each, at most 0.62 are gone (somebody signs with both arms); 0.5 under a drawn sun that jumps."""
_NEW_SHARE = 0.5
"""So much of the contours that were known must stand in the new view, or it is darkness, fog or a cover."""
_SURE_S = 5.0
_TAKEN_S = 60.0
"""After this long the new view becomes the known one."""

MOVED = Sentence("camera_moved")

Image = NDArray[np.uint8]
_Field = NDArray[np.complex64]


class _Cells(NamedTuple):
    kept: float
    gone: float


class ViewWatch:
    """Takes about two frames a second; returns the fault while the view differs from the known one."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._known = np.zeros((_HEIGHT_PX, _WIDTH_PX), np.complex64)
        self._known_s = 0.0
        self._now: deque[_Field] = deque(maxlen=_NOW_LOOKS)
        self._other_since_s: float | None = None

    def step(self, t_s: float, image: Image) -> str:
        """Handle one frame; empty while the view is the known one or cannot be judged."""
        passed_s = LOOK_S if self._last_s is None else min(t_s - self._last_s, 2 * LOOK_S)
        self._last_s = t_s
        self._now.append(contours(image))
        if self._known_s < _KNOWN_S or len(self._now) < _NOW_LOOKS or not self._is_other():
            self._other_since_s = None
            self._learn(passed_s)
            return ""
        self._other_since_s = t_s if self._other_since_s is None else self._other_since_s
        if t_s - self._other_since_s >= _SURE_S + _TAKEN_S:
            self._begin()
            return ""
        return MOVED if t_s - self._other_since_s >= _SURE_S else ""

    def _learn(self, passed_s: float) -> None:
        share = passed_s / (_KNOWN_S if self._known_s >= _KNOWN_S else self._known_s + passed_s)
        self._known = self._known + np.float32(share) * (self._now[-1] - self._known)
        self._known_s += passed_s

    def _is_other(self) -> bool:
        now = np.mean(self._now, axis=0)
        steady = np.abs(self._known) > _STEADY
        if np.count_nonzero(np.abs(now) > _STEADY) < _NEW_SHARE * np.count_nonzero(steady):
            return False
        cells = _agreement(self._known * steady, now)
        return cells is not None and cells.kept <= _MOST_KEPT_CELLS and cells.gone >= _LEAST_GONE_CELLS


def contours(image: Image) -> _Field:
    """The direction of each contour, 0 elsewhere; its doubled angle, so that light from the other side is the same."""
    small = cv2.resize(image, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (0, 0), 1.0)
    right, down = (cv2.Sobel(grey, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1)))
    slope = np.hypot(right, down)
    found = slope > max(_LEAST_SLOPE, float(np.quantile(slope, 1 - _CONTOUR_SHARE)))
    doubled = ((right + 1j * down) / np.maximum(slope, 1e-6)) ** 2
    return np.where(found, doubled, 0).astype(np.complex64)


def _agreement(known: _Field, now: _Field) -> _Cells | None:
    """Shares of the cells that are as before and that are gone, at the best of all shifts that shaking makes."""
    pixels = _summed(np.abs(known) > 0)
    judged = pixels >= _LEAST_CONTOUR_PX
    if np.count_nonzero(judged) < _LEAST_CELLS:
        return None
    found = []
    for shift in itertools.product(range(-_SHAKE_PX, _SHAKE_PX + 1, 2), repeat=2):
        same = np.real(np.conj(known) * np.roll(now, shift, (0, 1)))
        share = _summed(same)[judged] / pixels[judged]
        found.append(_Cells(float(np.mean(share > _KEPT)), float(np.mean(share < _GONE))))
    return max(found, key=lambda cells: (cells.kept, -cells.gone))


def _summed(field: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Over each cell."""
    cells = field.reshape(_CELLS, _HEIGHT_PX // _CELLS, _CELLS, _WIDTH_PX // _CELLS)
    return np.asarray(cells.sum((1, 3), dtype=np.float64))
