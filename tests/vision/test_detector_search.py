from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.detector import tiles

SMALLEST = st.sampled_from((240, 360))
SIDES = st.integers(361, 2200)


@given(SIDES, SIDES, SMALLEST, st.data())
def test_a_small_face_is_whole_in_one_of_the_smallest_tiles(
    height: int, width: int, smallest: int, data: st.DataObject
) -> None:
    found = tiles(height, width, smallest)
    assert min(side for _, _, side in found) == smallest
    face = int(smallest * 0.24)
    left = data.draw(st.integers(0, width - face))
    top = data.draw(st.integers(0, height - face))
    assert any(
        x <= left and left + face <= x + side and y <= top and top + face <= y + side
        for x, y, side in found
        if side == smallest
    )


@given(SIDES, SIDES, SMALLEST)
def test_tiles_lie_inside_the_frame_and_shrink_by_half(height: int, width: int, smallest: int) -> None:
    found = tiles(height, width, smallest)
    assert all(x >= 0 and x + side <= width and y >= 0 and y + side <= height for x, y, side in found)
    sides = [side for _, _, side in found]
    assert sides == sorted(sides, reverse=True)
    each = sorted(set(sides))
    assert all(larger / smaller < 3 for smaller, larger in pairwise(each)), "no size of face falls between two tiles"


@pytest.mark.parametrize(("height", "width"), [(288, 360), (144, 176), (360, 360)])
def test_a_small_frame_has_no_tiles(height: int, width: int) -> None:
    assert tiles(height, width, 360) == []


def test_a_narrow_frame_is_tiled_along_its_length() -> None:
    assert len(tiles(120, 1280, 360)) == len(np.unique([x for x, _, _ in tiles(120, 1280, 360)])) > 10
