"""A camera that hangs upside down is recognised by the faces it shows, and nobody's lids are judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import frames

from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Face, Frame, Reason
from edge.vision.perception import FacePerception

pytestmark = [pytest.mark.bundle, pytest.mark.data]
CLIPS = ["grid/swiz3n.mpg", "cab/carphone.mp4", "cab/cab_1.avi", "talking/face_1.mp4", "expressive/d3.mp4"]


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


def turned(frame: Frame) -> Frame:
    return Frame(frame.t_s, np.ascontiguousarray(frame.image[::-1, ::-1]), frame.index)


def look(bundle: Bundle, pictures: list[Frame]) -> list[Face]:
    perception = FacePerception(bundle, VisionConfig(max_faces=1))
    return [face for frame in pictures for face in perception.step(frame)]


@pytest.mark.parametrize("clip", CLIPS)
def test_the_same_people_are_judged_upright_and_not_upside_down(bundle: Bundle, data_dir: Path, clip: str) -> None:
    pictures = list(frames(data_dir, clip, every=8))[:14]
    assert Reason.UPSIDE_DOWN not in {face.reason for face in look(bundle, pictures)}
    over = look(bundle, [turned(frame) for frame in pictures])
    assert not any(face.usable for face in over)
    assert {face.reason for face in over} == {Reason.UPSIDE_DOWN}


def test_a_camera_that_is_turned_while_it_runs_is_noticed_and_so_is_its_way_back(
    bundle: Bundle, data_dir: Path
) -> None:
    pictures = list(frames(data_dir, "cab/cab_1.avi", every=3))[:120]
    faces = look(bundle, [turned(frame) if 40 <= number < 80 else frame for number, frame in enumerate(pictures)])
    start_s, end_s = pictures[40].t_s, pictures[80].t_s
    over = [face for face in faces if start_s + 2.0 <= face.t_s < end_s]
    assert over
    assert not any(face.usable for face in over)
    assert any(face.usable for face in faces if face.t_s > end_s + 2.0)
