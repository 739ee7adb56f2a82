"""The benchmark of moved cameras: it counts what is reported, and its page says so."""

from __future__ import annotations

import numpy as np
from drawn_rooms import drawn_room

from benchmarks.endurance.moved_camera import CALM, MOVES, _page, row
from edge.capture.camera_moved import Image


def filmed(seed: int) -> list[Image]:
    """Four frames of a room, each with its own noise."""
    chance, room = np.random.default_rng(seed), drawn_room(seed)
    return [np.clip(room + chance.integers(-4, 5, room.shape), 0, 255).astype(np.uint8) for _ in range(4)]


def test_a_tilt_of_two_rooms_is_counted_with_its_times_and_bumps_are_not() -> None:
    clips = [filmed(3), filmed(4)]
    calm = row("bumps", CALM["bumps and changing light"], clips, 0.0, 40.0)
    tilt = row("a tilt", MOVES["tilted by 10 % of the height"], clips, 25.0, 15.0)
    assert (calm.reported, calm.first_s) == (0, None)
    assert tilt.reported == 2
    assert 5.0 <= (tilt.first_s or 0.0) <= (tilt.last_s or 0.0) <= 10.0
    page = _page([calm], [tilt], [{"constant": "_LEAST_FOUND", "value": 0.5, "false": 0, "found": 2}], 2)
    assert "| bumps | 0 of 2 |" in page
    assert f"| a tilt | 2 of 2 | {tilt.first_s} to {tilt.last_s} |" in page
