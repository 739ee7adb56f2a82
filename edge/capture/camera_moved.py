"""Detects a moved camera: the fixed contours of the view are replaced by others, or stand elsewhere as a whole.

The second finds small moves: a camera that is pushed, tilted or rolled still sees much of what it saw before. Contours
decide, because light (sun, tunnels, lamps) changes grey levels but not where a pillar ends. Only contours that
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
_LEAST_CELLS_SHIFTED = 6
"""The same for a shifted view, part of which lies outside."""
_SHAKE_PX = 4
"""How far vibration may shift the view: 2.5 % of its width."""
_KEPT, _GONE = 0.45, 0.2
"""Agreement of a cell with its known contours, 0 to 1. A cell above the first is as before, below the second gone."""
_MOST_KEPT_CELLS, _LEAST_GONE_CELLS = 0.15, 0.8
"""Share of the judged cells that are as before (at most) and gone (at least) in another view. In the shared clips,
played to and fro for two minutes each, at most 0.62 are gone, while somebody signs with both arms."""
_NEW_SHARE = 0.5
"""Least contours of the new view, as a share of the known ones. With fewer it is darkness, fog or a cover."""
_MOST_KEPT_IF_FOUND, _LEAST_FOUND, _LEAST_GAIN = 0.5, 0.55, 0.3
"""Shares of the judged cells after a small move: at most as before, at least found elsewhere, and the least difference.
docs/evidence/moved_camera.md shows the neighbours."""
_ROLLS_DEG = (0.0, -3.0, 3.0, -6.0, 6.0, -10.0, 10.0)
"""The rolls at which the known contours are looked for."""
_FARTHEST = 0.4
"""The largest shift at which they are looked for, as a share of width and height."""
_PADDED = (2 * _HEIGHT_PX, 2 * _WIDTH_PX)
_DOWN, _RIGHT = np.meshgrid(
    *((np.arange(2 * count) + count) % (2 * count) - count for count in (_HEIGHT_PX, _WIDTH_PX)), indexing="ij"
)
"""The shift in pixels that each place of a padded correlation stands for."""
_IN_REACH = (np.abs(_DOWN) <= _FARTHEST * _HEIGHT_PX) & (np.abs(_RIGHT) <= _FARTHEST * _WIDTH_PX)
_SHAKEN = (np.abs(_DOWN) <= _SHAKE_PX) & (np.abs(_RIGHT) <= _SHAKE_PX)
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
        known = (self._known * steady).astype(np.complex64)
        cells = _agreement(known, now)
        if cells is None:
            return False
        if cells.kept <= _MOST_KEPT_CELLS and cells.gone >= _LEAST_GONE_CELLS:
            return True
        if cells.kept > _MOST_KEPT_IF_FOUND:
            return False
        return _found_elsewhere(known, now) >= max(_LEAST_FOUND, cells.kept + _LEAST_GAIN)


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


def _found_elsewhere(known: _Field, now: _Field) -> float:
    """The largest share of the cells whose contours stand in the present view, rolled and shifted as a whole."""
    spectrum = np.fft.fft2(known, _PADDED)
    found = []
    for roll_deg in _ROLLS_DEG:
        rolled = _rolled(now, roll_deg)
        match = np.real(np.fft.ifft2(spectrum * np.conj(np.fft.fft2(rolled, _PADDED))))
        allowed = _IN_REACH if roll_deg else _IN_REACH & ~_SHAKEN
        best = np.unravel_index(np.argmax(np.where(allowed, match, -np.inf)), _PADDED)
        found.append(_share_found(known, rolled, float(_RIGHT[best]), float(_DOWN[best])))
    return max(found)


def _rolled(field: _Field, roll_deg: float) -> _Field:
    """The view after the camera is rolled back; a contour's doubled angle turns twice as far."""
    centre = (_WIDTH_PX / 2, _HEIGHT_PX / 2)
    turned = _warped(field, cv2.getRotationMatrix2D(centre, roll_deg, 1.0))
    back: _Field = turned * np.complex64(np.exp(-2j * np.radians(roll_deg)))
    return back


def _share_found(known: _Field, now: _Field, right_px: float, down_px: float) -> float:
    """The share of the cells that agree with the present view after this shift."""
    shift = np.array([[1, 0, right_px], [0, 1, down_px]])
    pixels = _summed((np.abs(known) > 0) & (np.abs(_warped(np.ones_like(known), shift)) > 0))
    judged = pixels >= _LEAST_CONTOUR_PX
    if np.count_nonzero(judged) < _LEAST_CELLS_SHIFTED:
        return 0.0
    share = _summed(np.real(np.conj(known) * _warped(now, shift)))[judged] / pixels[judged]
    return float(np.mean(share > _KEPT))


def _warped(field: _Field, matrix: cv2.typing.MatLike) -> _Field:
    """The field in another place, with zeros where the view does not reach."""
    moved = cv2.warpAffine(cv2.merge([field.real, field.imag]), matrix, (_WIDTH_PX, _HEIGHT_PX))
    result: _Field = (moved[..., 0] + 1j * moved[..., 1]).astype(np.complex64)
    return result


def _summed(field: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Over each cell."""
    cells = field.reshape(_CELLS, _HEIGHT_PX // _CELLS, _CELLS, _WIDTH_PX // _CELLS)
    return np.asarray(cells.sum((1, 3), dtype=np.float64))
