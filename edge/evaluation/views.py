"""Copies of a recording as worse cameras would show it, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from edge.messages import Frame

Image = npt.NDArray[np.uint8]
Rng = np.random.Generator

NOISE = 3.0
"""Standard deviation of the sensor's noise in dim and infra-red frames, in grey levels."""
DIM = 0.25
"""Remaining share of the light."""
BLUR = 0.003
"""Standard deviation of the blur over the frame's longer side: 2 px of 640."""
SMALL = 1 / 3
"""Ratio of the sides of the small copy to those of the original."""


def as_filmed(image: Image, _: Rng) -> Image:
    """The unchanged frame."""
    return image


def infra_red(image: Image, rng: Rng) -> Image:
    """One lamp beside the lens: no colour, red counts most, half the contrast, darker corners, noise."""
    grey = cv2.transform(image, np.array([[0.0, 0.2, 0.8]], np.float32)).astype(np.float32)
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in grey.shape)
    lit = (35 + 0.5 * grey) * (1.15 - 0.35 * (x**2 + y[:, None] ** 2))
    return np.dstack([_noisy(lit, rng)] * 3)


def dim(image: Image, rng: Rng) -> Image:
    """A quarter of the light, and the sensor's noise."""
    return _noisy(image.astype(np.float32) * np.float32(DIM), rng)


def blurred(image: Image, _: Rng) -> Image:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR * max(image.shape)), np.uint8)


def small(image: Image, _: Rng) -> Image:
    """Further away, or fewer pixels."""
    return np.asarray(cv2.resize(image, None, fx=SMALL, fy=SMALL, interpolation=cv2.INTER_AREA), np.uint8)


VIEWS: dict[str, Callable[[Image, Rng], Image]] = {
    "as filmed": as_filmed,
    "infra-red": infra_red,
    "dim": dim,
    "blurred": blurred,
    "small": small,
}
"""Every view by name."""


def shown(frame: Frame, view: str, rng: Rng) -> Frame:
    """The frame as `view` shows it."""
    return replace(frame, image=VIEWS[view](frame.image, rng))


def _noisy(image: npt.NDArray[np.float32], rng: Rng) -> Image:
    noise = rng.standard_normal(image.shape, np.float32)
    return np.asarray(np.clip(np.rint(image + np.float32(NOISE) * noise), 0, 255), np.uint8)
