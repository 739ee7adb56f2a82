import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.search import tiles

SIDES = st.integers(361, 2200)


@given(SIDES, SIDES, st.data())
def test_a_small_face_is_whole_in_one_of_the_smallest_tiles(height: int, width: int, data: st.DataObject) -> None:
    found = tiles(height, width)
    smallest = min(side for _, _, side in found)
    face = int(smallest * 0.24)
    left = data.draw(st.integers(0, width - face))
    top = data.draw(st.integers(0, height - face))
    assert any(
        x <= left and left + face <= x + side and y <= top and top + face <= y + side
        for x, y, side in found
        if side == smallest
    )


@given(SIDES, SIDES)
def test_tiles_lie_inside_the_frame_and_shrink(height: int, width: int) -> None:
    found = tiles(height, width)
    assert all(x >= 0 and x + side <= width and y >= 0 and y + side <= height for x, y, side in found)
    sides = [side for _, _, side in found]
    assert sides == sorted(sides, reverse=True)


@pytest.mark.parametrize(("height", "width"), [(288, 360), (144, 176), (360, 360)])
def test_a_small_frame_has_no_tiles(height: int, width: int) -> None:
    assert tiles(height, width) == []


def test_a_narrow_frame_is_tiled_along_its_length() -> None:
    assert len(tiles(120, 1280)) == len(np.unique([x for x, _, _ in tiles(120, 1280)])) > 10
