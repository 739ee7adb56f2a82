"""When a head counts as still, so that its mesh stands for the next picture."""

from dataclasses import replace

import pytest

from edge.vision.crop import Crop
from edge.vision.geometry import HeadPose
from edge.vision.tracker import Head

HEAD = Head(
    t_s=1.0, box=(50.0, 50.0, 100.0, 120.0), crop=Crop(100.0, 110.0, 180.0), pose=HeadPose(3.0, -2.0, 1.0), mouth=0.04,
    eye_width_px=28.0, lids=(0.3, 0.3), facing=(0.95, 0.9), eye_crops=(Crop(80.0, 90.0, 64.0), Crop(120.0, 90.0, 64.0)),
)  # fmt: skip


def test_a_head_that_trembles_is_still() -> None:
    now = replace(HEAD, t_s=1.04, crop=Crop(102.0, 111.0, 181.0), pose=HeadPose(4.5, -1.0, 1.0), mouth=0.06)
    assert now.is_still(HEAD)


@pytest.mark.parametrize(
    "moved",
    [
        {"crop": Crop(104.0, 110.0, 180.0)},
        {"crop": Crop(100.0, 110.0, 185.0)},
        {"pose": HeadPose(5.5, -2.0, 1.0)},
        {"pose": HeadPose(3.0, 0.5, 1.0)},
        {"mouth": 0.08},
        {"t_s": 1.2},
    ],
    ids=["aside", "nearer", "turned", "nodding", "speaking", "long ago"],
)
def test_a_head_that_moves_or_speaks_is_not(moved: dict[str, object]) -> None:
    assert not replace(HEAD, **({"t_s": 1.04} | moved)).is_still(HEAD)


def test_an_eye_that_faces_away_is_not_readable() -> None:
    assert HEAD.readable == [0, 1]
    assert replace(HEAD, facing=(0.95, 0.6)).readable == [0]
