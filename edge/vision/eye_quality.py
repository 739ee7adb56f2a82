"""How well a picture of an eye shows it, whatever its lids do; what is too little is in `edge.vision.usability`."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.crop import Image

_ROWS, _COLUMNS = slice(18, 46), slice(16, 48)
"""The middle of the 64 px crop: the eye itself, between its corners."""


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
    eye = grey[_ROWS, _COLUMNS]
    low, high = _level(eye, 0.05), _level(eye, 0.95)
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (3, 3), 0)
    return EyeQuality(
        brightness=float(grey.mean()),
        contrast=(high - low) / max(_level(grey, 0.95), 1.0),
        sharpness=float(cv2.Laplacian(smooth, cv2.CV_32F)[_ROWS, _COLUMNS].std()) / max(high - low, 1.0),
    )


def _level(grey: Image, share: float) -> float:
    """The grey level below which `share` of the picture lies; `np.percentile` takes eight times as long."""
    place = round(share * (grey.size - 1))
    return float(np.partition(grey.ravel(), place)[place])
