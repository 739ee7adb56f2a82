"""How well a picture of an eye shows it, whatever its lids do; what is too little is in `edge.vision.usability`."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.crop import Image

EYE_ROWS, EYE_COLUMNS = slice(18, 46), slice(16, 48)
"""The middle of the 64 px crop: the eye itself, between its corners."""

_SMOOTH_LAPLACIAN = np.array(
    [[0, 1, 2, 1, 0], [1, 0, -2, 0, 1], [2, -2, -8, -2, 2], [1, 0, -2, 0, 1], [0, 1, 2, 1, 0]], np.float32
) / np.float32(16)
"""The Laplacian of what a Gaussian of 3 px has smoothed, as one filter."""
_REACH = _SMOOTH_LAPLACIAN.shape[0] // 2


@dataclass(frozen=True, slots=True)
class EyeQuality:
    """How well one eye's picture shows it."""

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
    low, high = _levels(eye, 0.05, 0.95)
    (bright,) = _levels(grey, 0.95)
    around = grey[
        EYE_ROWS.start - _REACH : EYE_ROWS.stop + _REACH, EYE_COLUMNS.start - _REACH : EYE_COLUMNS.stop + _REACH
    ]
    bent = cv2.filter2D(around, cv2.CV_32F, _SMOOTH_LAPLACIAN)[_REACH:-_REACH, _REACH:-_REACH]
    return EyeQuality(
        brightness=cv2.mean(grey)[0],
        contrast=(high - low) / max(bright, 1.0),
        sharpness=float(cv2.meanStdDev(bent)[1][0, 0]) / max(high - low, 1.0),
    )


def _levels(grey: Image, *shares: float) -> list[float]:
    """The grey levels below which these shares of the picture lie; `np.percentile` takes eight times as long."""
    places = [round(share * (grey.size - 1)) for share in shares]
    return [float(level) for level in np.partition(grey.ravel(), places)[places]]
