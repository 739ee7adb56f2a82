"""Rooms in which nothing moves: pillars, seats, edges of windows."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def drawn_room(seed: int, width_px: int = 320) -> npt.NDArray[np.uint8]:
    """One room, 240 px high."""
    chance = np.random.default_rng(seed)
    image = np.full((240, width_px, 3), 110, np.uint8)
    for _ in range(width_px // 6):
        x, y, width, height = chance.integers((0, 0, 15, 15), (width_px - 20, 225, 90, 70))
        shade = tuple(int(value) for value in chance.integers(30, 230, 3))
        cv2.rectangle(image, (x, y), (x + width, y + height), shade, -1)
    return image
