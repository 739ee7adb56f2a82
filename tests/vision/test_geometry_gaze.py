from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clips import frames
from hypothesis import given
from hypothesis import strategies as st
from test_geometry import eye

from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.vision.geometry import _EYEBALL_RADIUS, _IRIS_AHEAD, _IRIS_FOLLOWS, HeadPose, gaze
from edge.vision.iris import Eye
from edge.vision.perception import FacePerception

AHEAD = HeadPose(0.0, 0.0, 0.0)


def looking(yaw_deg: float, pitch_deg: float, right: bool, angle_rad: float = 0.0) -> Eye:
    """An open eye, 20 px wide, turned in the head; positive yaw is to the person's left: for the right eye, inward."""
    inward = _IRIS_AHEAD[0] + _IRIS_FOLLOWS[0] * _EYEBALL_RADIUS * np.sin(np.radians(yaw_deg)) * (1 if right else -1)
    down = _IRIS_AHEAD[1] + _IRIS_FOLLOWS[1] * _EYEBALL_RADIUS * np.sin(np.radians(pitch_deg))
    turn = np.array([[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]])
    centre = 20 * turn @ (inward, down) + 32
    return replace(eye(0.3, angle_rad), iris=np.tile(centre, (5, 1)).astype(np.float32))


@given(st.floats(-40, 40), st.floats(-30, 30), st.floats(-0.6, 0.6))
def test_eyes_turn_in_the_head_whatever_its_roll(yaw_deg: float, pitch_deg: float, angle_rad: float) -> None:
    found = gaze(
        (looking(yaw_deg, pitch_deg, True, angle_rad), looking(yaw_deg, pitch_deg, False, angle_rad)), (1.0, 1.0), AHEAD
    )
    assert found is not None
    assert (found.yaw_deg, found.pitch_deg) == pytest.approx((yaw_deg, pitch_deg), abs=0.1)


def test_a_turned_head_with_eyes_turned_back_looks_ahead() -> None:
    eyes = looking(-20, -5, True), looking(-20, -5, False)
    found = gaze(eyes, (1.0, 0.9), HeadPose(20.0, 5.0, 0.0))
    assert found is not None
    assert (found.yaw_deg, found.pitch_deg) == pytest.approx((0, 0), abs=0.2)


def test_shut_or_averted_eyes_look_nowhere() -> None:
    shut = eye(0.05)
    assert gaze((shut, shut), (1.0, 1.0), AHEAD) is None
    assert gaze((looking(0, 0, True), looking(0, 0, False)), (0.5, 0.5), AHEAD) is None
    one = gaze((looking(10, 0, True), shut), (1.0, 1.0), AHEAD)
    assert one is not None
    assert one.yaw_deg == pytest.approx(10, abs=0.1)


@pytest.mark.bundle
@pytest.mark.data
def test_a_still_man_looks_steadily_into_the_camera(bundle_dir: Path, data_dir: Path) -> None:
    perception = FacePerception(Bundle(bundle_dir), VisionConfig())
    still = [frame for frame in frames(data_dir, "blink/blinking_4.mp4") if 4.3 <= frame.t_s <= 6.4]
    faces = [face for frame in still for face in perception.step(frame)]
    yaw, pitch = (np.array([getattr(face, f"gaze_{axis}_deg") for face in faces], float) for axis in ("yaw", "pitch"))
    assert yaw.std() < 3.0
    assert pitch.std() < 5.0
    assert abs(np.median(yaw)) < 8
    assert abs(np.median(pitch)) < 15
