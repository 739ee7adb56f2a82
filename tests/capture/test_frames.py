from __future__ import annotations

import numpy as np
import pytest

from edge.capture.frames import View, square_pixels
from edge.config.perception import CameraConfig

CORNERS = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)[..., None].repeat(3, axis=2)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, [[1, 2, 3], [4, 5, 6]]),
        ({"rotate": 90}, [[4, 1], [5, 2], [6, 3]]),
        ({"rotate": 180}, [[6, 5, 4], [3, 2, 1]]),
        ({"rotate": 270}, [[3, 6], [2, 5], [1, 4]]),
        ({"flip": "horizontal"}, [[3, 2, 1], [6, 5, 4]]),
        ({"flip": "vertical"}, [[4, 5, 6], [1, 2, 3]]),
        ({"rotate": 180, "flip": "horizontal"}, [[4, 5, 6], [1, 2, 3]]),
    ],
)
def test_a_camera_hung_differently_gives_upright_pictures(config: dict[str, object], expected: list[list[int]]) -> None:
    turned = View(CameraConfig.model_validate(config)).applied(CORNERS)
    assert turned[..., 0].tolist() == expected
    assert turned.flags.c_contiguous


def test_no_detail_is_lost_when_pixels_become_square() -> None:
    assert square_pixels(720, 576, 64 / 45) == (1024, 576)
    assert square_pixels(720, 480, 8 / 9) == (720, 540)
    assert square_pixels(640, 480, 1.0) == (640, 480)
