"""The benchmark of moved cameras: it counts what is reported, and its page says so."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.endurance.moved_camera import CALM, MOVES, _page, row
from edge.capture.camera_moved import Image


def room(seed: int) -> list[Image]:
    """Four frames of pillars and seats, each with its own noise."""
    chance = np.random.default_rng(seed)
    image = np.full((240, 320, 3), 110, np.uint8)
    for _ in range(60):
        x, y, width, height = chance.integers((0, 0, 15, 15), (300, 225, 90, 70))
        shade = tuple(int(value) for value in chance.integers(30, 230, 3))
        cv2.rectangle(image, (x, y), (x + width, y + height), shade, -1)
    return [np.clip(image + chance.integers(-4, 5, image.shape), 0, 255).astype(np.uint8) for _ in range(4)]


def test_a_tilt_of_two_rooms_is_counted_with_its_times_and_bumps_are_not() -> None:
    clips = [room(3), room(4)]
    calm = row("bumps", CALM["bumps and changing light"], clips, 0.0, 40.0)
    tilt = row("a tilt", MOVES["tilted by 10 % of the height"], clips, 25.0, 15.0)
    assert (calm.reported, calm.first_s) == (0, None)
    assert tilt.reported == 2
    assert 5.0 <= (tilt.first_s or 0.0) <= (tilt.last_s or 0.0) <= 10.0
    page = _page([calm], [tilt], [{"constant": "_LEAST_FOUND", "value": 0.5, "false": 0, "found": 2}], 2)
    assert "| bumps | 0 of 2 |" in page
    assert f"| a tilt | 2 of 2 | {tilt.first_s} to {tilt.last_s} |" in page
