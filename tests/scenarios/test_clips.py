"""Real people in real clips: the yawn that is one, and nothing where nothing was."""

from __future__ import annotations

from pathlib import Path

import pytest
from driver import Drive, watch

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import VisionConfig
from edge.fatigue.gestures import MOUTH_RISE
from edge.messages import Fatigue, Frame, Yawn
from edge.vision.perception import ExpressionSelection, FacePerception

pytestmark = [pytest.mark.bundle, pytest.mark.data]


@pytest.fixture(scope="module")
def see(bundle_dir: Path, data_dir: Path):
    """Watch a clip of the shared data as a driver's box does, at 15 fps or a little more."""
    bundle, config = Bundle(bundle_dir), VisionConfig(expression_every_n_frames=1)

    def faces(name: str):
        perception, due_s = FacePerception(bundle, config, ExpressionSelection(least_mouth=MOUTH_RISE)), 0.0
        for frame in MediaFile(data_dir / "clips" / name).read():
            if isinstance(frame, Frame) and frame.t_s >= due_s:
                due_s = frame.t_s + 1 / 20
                yield from perception.step(frame)

    def watched(name: str) -> Drive:
        drive = watch(faces(name))
        assert drive.of("face")
        return drive

    return watched


def test_the_driver_who_yawns(see):
    drive = see("cab/cab_1.avi")
    (yawn,) = drive.of("yawn")
    assert isinstance(yawn, Yawn)
    assert yawn.start_s == pytest.approx(4.4, abs=0.7)
    assert yawn.end_s == pytest.approx(9.3, abs=0.7)
    assert drive.alerts == []


@pytest.mark.parametrize(
    "name",
    [
        "cab/cab_2.avi",
        "cab/carphone.mp4",
        "expressive/d3.mp4",
        "expressive/d18.mp4",
        "talking/face_1.mp4",
        "talking/face_2.mp4",
        "grid/swiz3n.mpg",
        "grid/pwij3p.mpg",
    ],
)
def test_talking_laughing_grimacing_is_no_yawn_and_no_alert(see, name):
    drive = see(name)
    assert drive.of("yawn") == []
    assert drive.alerts == []


def test_the_face_that_goes_away(see):
    drive = see("facelost/face_noface.mov")
    assert all(alert.alert == "cannot_see_driver" for alert in drive.alerts)
    reports = [message for message in drive.messages if isinstance(message, Fatigue)]
    assert all(report.causes == () for report in reports)
    assert reports[-1].valid_ratio < 0.6
