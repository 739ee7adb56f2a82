"""The iris model: eyelid contour and iris of each eye (MediaPipe), and the quality of the crop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.vision.crop import Crop, Image, angle_between, unit_rgb
from edge.vision.mesh import Mesh

EYE_ROWS, EYE_COLUMNS = slice(18, 46), slice(16, 48)
"""The middle of the 64 px crop: the eye itself, between its corners."""

_SMOOTH_LAPLACIAN = np.array(
    [[0, 1, 2, 1, 0], [1, 0, -2, 0, 1], [2, -2, -8, -2, 2], [1, 0, -2, 0, 1], [0, 1, 2, 1, 0]], np.float32
) / np.float32(16)
"""The Laplacian after a Gaussian of 3 px, as one filter."""
_REACH = _SMOOTH_LAPLACIAN.shape[0] // 2
INPUT_PX = 64
STATE_ROLE = "eye_state"
"""An optional role: a small net that sees the same crops and is not misled by glare, glasses and infra-red light."""
_MARGIN = 2.3
"""Side of the crop over the distance of the eye's corners (MediaPipe, iris_landmark)."""
_CONTOUR = 16
"""The first 16 of the 71 contour points are the lids; the rest are the brow's region."""
RIGHT_CORNERS, LEFT_CORNERS = (33, 133), (362, 263)
"""Mesh points at the corners, from the frame's left to its right."""


@dataclass(frozen=True, slots=True)
class EyeQuality:
    """How well a crop shows its eye."""

    brightness: float
    """Mean grey level, 0..255."""
    contrast: float
    """5th to 95th percentile of the eye over the 95th of its surroundings, 0..1."""
    sharpness: float
    """Deviation of the smoothed Laplacian over the eye's grey range; independent of light and of the face's size."""


def eye_quality(picture: Image) -> EyeQuality:
    """Measure the crop (64, 64, 3) that the iris model sees."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    eye = grey[EYE_ROWS, EYE_COLUMNS]
    low, high = _grey_levels(eye, 0.05, 0.95)
    (bright,) = _grey_levels(grey, 0.95)
    around = grey[
        EYE_ROWS.start - _REACH : EYE_ROWS.stop + _REACH, EYE_COLUMNS.start - _REACH : EYE_COLUMNS.stop + _REACH
    ]
    bent = cv2.filter2D(around, cv2.CV_32F, _SMOOTH_LAPLACIAN)[_REACH:-_REACH, _REACH:-_REACH]
    return EyeQuality(
        brightness=cv2.mean(grey)[0],
        contrast=(high - low) / max(bright, 1.0),
        sharpness=float(cv2.meanStdDev(bent)[1][0, 0]) / max(high - low, 1.0),
    )


def _grey_levels(grey: Image, *shares: float) -> list[float]:
    """Quantiles of the grey levels; `np.percentile` takes eight times as long."""
    places = [round(share * (grey.size - 1)) for share in shares]
    return [float(level) for level in np.partition(grey.ravel(), places)[places]]


@dataclass(frozen=True)
class Eye:
    """One eye as the model saw it, in px of its 64 px crop (the left eye mirrored)."""

    lids: Float32
    """(16, 2): 0 the outer corner, 1..7 the lower lid, 8 the inner corner, 9..15 the upper lid above 1..7."""
    iris: Float32
    """(5, 2): centre, then the four ends of its diameters."""
    picture: Image
    crop: Crop
    quality: EyeQuality
    open_share: float | None = None
    """Share of its full opening, 0..1, by the net of role `eye_state`; None without that role."""

    @cached_property
    def lid_gap(self) -> float:
        """Lid aperture over eye width, as seen: mean of the three middle pairs of the contour, never below 0.

        Measured at right angles to the line of the corners, so that a turned crop does not matter.
        """
        lids: list[list[float]] = self.lids.tolist()
        axis_x, axis_y = lids[8][0] - lids[0][0], lids[8][1] - lids[0][1]
        width = math.hypot(axis_x, axis_y)
        if width < 1e-6:
            return 0.0
        pairs = zip(lids[3:6], lids[11:14], strict=True)
        gaps = [axis_x * (below[1] - above[1]) - axis_y * (below[0] - above[0]) for below, above in pairs]
        return max(0.0, sum(gaps) / len(gaps) / width**2)


class EyeModel:
    """Reads the eyes of given meshes; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("iris")
        self._state = bundle.session(STATE_ROLE) if bundle.has(STATE_ROLE) else None

    def read(self, image: Image, meshes: list[Mesh]) -> list[tuple[Eye, Eye]]:
        """(right eye, left eye) of each mesh, all in one run."""
        crops = [crop for mesh in meshes for crop in eye_crops(mesh)]
        if not crops:
            return []
        eyes = self.read_crops([crop.cut(image, INPUT_PX) for crop in crops], crops)
        return list(zip(eyes[::2], eyes[1::2], strict=True))

    def read_crops(self, pictures: list[Image], crops: list[Crop]) -> list[Eye]:
        """The eye in each crop (64, 64, 3), BGR."""
        batch = unit_rgb(pictures)
        outputs = self._session.run({"image": batch})
        shares = self._state.run({"image": batch})["open"][:, 0].tolist() if self._state else [None] * len(crops)
        lids = outputs["contour"].reshape(len(crops), -1, 3)[:, :_CONTOUR, :2]
        irises = outputs["iris"].reshape(len(crops), -1, 3)[..., :2]
        qualities = [eye_quality(picture) for picture in pictures]
        return [Eye(*values) for values in zip(lids, irises, pictures, crops, qualities, shares, strict=True)]


def eye_crops(mesh: Mesh) -> tuple[Crop, Crop]:
    """The crops of the right and the left eye, the left one mirrored."""
    return _eye_crop(mesh.points, RIGHT_CORNERS, False), _eye_crop(mesh.points, LEFT_CORNERS, True)


def _eye_crop(points: Float32, corners: tuple[int, int], mirrored: bool) -> Crop:
    start, end = points[corners[0], :2], points[corners[1], :2]
    (x0, y0), (x1, y1) = start.tolist(), end.tolist()
    side_px = _MARGIN * max(math.hypot(x1 - x0, y1 - y0), 1.0)
    return Crop((x0 + x1) / 2, (y0 + y1) / 2, side_px, angle_between(start, end), mirrored)
