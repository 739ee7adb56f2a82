from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages import Float32
from edge.vision.crop import Crop
from edge.vision.geometry import (
    IRIS_SHARPNESS,
    SHUT_GAP,
    eye_opening,
    eye_reading,
    facing,
    head_pose,
    mouth_ratio,
    opening_of,
)
from edge.vision.iris import Eye, EyeQuality

LIDS_X = np.linspace(-10, 10, 9)


def eye(gap: float, angle_rad: float = 0.0) -> Eye:
    """An eye 20 px wide whose lids, flat over the middle, lie `gap` widths apart."""
    shape = np.array([0, 0.4, 0.8, 1, 1, 1, 0.8, 0.4, 0]) * gap * 10
    lower = np.column_stack([LIDS_X, shape])
    upper = np.column_stack([LIDS_X[1:8], -shape[1:8]])
    turn = np.array([[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]])
    lids = (np.concatenate([lower, upper]) @ turn.T + 32).astype(np.float32)
    iris, picture = np.zeros((5, 2), np.float32), np.zeros((64, 64, 3), np.uint8)
    return Eye(lids, iris, picture, Crop(0, 0, 1), EyeQuality(100.0, 0.5, 0.07))


def head(yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> Float32:
    """An upright face with the mean lean of `_DOWN`, bent, then turned, then tipped."""
    points = np.zeros((468, 3))
    for right, left, half in ((33, 263, 45), (133, 362, 17), (127, 356, 72), (234, 454, 75), (70, 300, 50)):
        points[right], points[left] = (-half, 0, 0), (half, 0, 0)
    lean = np.tan(np.radians(-5.0)) * 100
    for top, base, x in ((10, 2, 0), (109, 98, -10), (338, 327, 10)):
        points[top], points[base] = (x, -50, 0), (x, 50, lean)
    points[13], points[14], points[78], points[308] = (0, 60, 0), (0, 72, 0), (-20, 66, 0), (20, 66, 0)
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    bend = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    tip = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return (points @ (tip @ turn @ bend).T + (320, 240, 0)).astype(np.float32)


@pytest.mark.parametrize("angle_rad", [0.0, 0.5, -0.8])
@pytest.mark.parametrize("gap", [0.0, 0.05, 0.3])
def test_the_lid_gap_is_square_to_the_eye(gap: float, angle_rad: float) -> None:
    assert eye(gap, angle_rad).lid_gap == pytest.approx(gap, abs=1e-4)


@pytest.mark.parametrize(("sharpness", "known"), [(1.01 * IRIS_SHARPNESS, True), (0.99 * IRIS_SHARPNESS, False)])
def test_a_blurred_eye_shows_no_radius_of_its_iris(sharpness: float, known: bool) -> None:
    reading = eye_reading("left", replace(eye(0.3), quality=EyeQuality(100.0, 0.5, sharpness)), 1.0, 0.0)
    assert (reading.iris_radius is not None) == known
    assert reading.opening == pytest.approx(0.3, abs=1e-4)


def test_crossed_lids_are_shut_not_negative() -> None:
    assert eye(-0.02).lid_gap == 0.0


def test_an_upright_head_facing_the_camera_has_no_angles() -> None:
    pose = head_pose(head())
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((0, 0, 0), abs=0.01)


@given(st.floats(-60, 60))
def test_yaw_is_positive_towards_the_right_of_the_picture(angle_deg: float) -> None:
    pose = head_pose(head(yaw_deg=angle_deg))
    assert pose.yaw_deg == pytest.approx(angle_deg, abs=0.1)
    nose_is_right = head(yaw_deg=30)[[33, 263], 2]
    assert nose_is_right[1] > nose_is_right[0], "turned to his left, his left eye is farther from the camera"


@given(st.floats(-40, 40))
def test_pitch_is_positive_when_the_head_is_bent(angle_deg: float) -> None:
    assert head_pose(head(pitch_deg=angle_deg)).pitch_deg == pytest.approx(angle_deg, abs=0.1)
    bent = head(pitch_deg=30)
    assert bent[2, 2] > bent[10, 2], "bent down, the base of the nose is farther from the camera than the forehead"


@given(st.floats(-40, 40))
def test_roll_is_the_angle_of_the_eyes_in_the_picture(angle_deg: float) -> None:
    assert head_pose(head(roll_deg=angle_deg)).roll_deg == pytest.approx(angle_deg, abs=0.1)


@given(st.floats(-45, 45))
def test_turning_the_head_does_not_open_the_mouth(angle_deg: float) -> None:
    assert mouth_ratio(head(yaw_deg=angle_deg)) == pytest.approx(12 / 40, abs=1e-3)


def test_facing_falls_as_the_head_turns() -> None:
    assert facing(head()) == pytest.approx((1, 1))
    assert facing(head(yaw_deg=60)) == pytest.approx((0.5, 0.5), abs=0.01)


def test_both_eyes_count_alike_when_they_face_alike() -> None:
    assert eye_opening((eye(0.2), eye(0.4)), (1.0, 1.0), 0.0) == pytest.approx(0.3, abs=1e-4)


def test_the_eye_that_is_seen_better_counts_more() -> None:
    opening = eye_opening((eye(0.1), eye(0.3)), (1.0, 0.8), 0.0)
    assert opening is not None
    assert opening < 0.15


def test_an_eye_that_is_turned_away_is_not_read() -> None:
    assert eye_opening((eye(0.3), eye(0.02)), (0.96, 0.6), 0.0) == pytest.approx(0.3 * 0.96, abs=1e-4)
    assert eye_opening((eye(0.3), eye(0.3)), (0.5, 0.5), 0.0) is None


def test_a_head_bent_down_does_not_shut_the_eyes() -> None:
    seen_gap = 0.3 * np.cos(np.radians(25.0))
    assert eye_opening((eye(seen_gap), eye(seen_gap)), (1.0, 1.0), 25.0) == pytest.approx(0.3, abs=1e-3)
    assert eye_opening((eye(0.3), eye(0.3)), (1.0, 1.0), -25.0) == pytest.approx(0.3, abs=1e-3)


def test_the_net_shuts_an_eye_that_the_contour_leaves_open() -> None:
    assert opening_of(replace(eye(0.2), open_share=0.0)) == pytest.approx(SHUT_GAP, abs=1e-4)
    assert opening_of(replace(eye(0.2), open_share=1.0)) == pytest.approx(0.2, abs=1e-4)
    assert opening_of(replace(eye(0.03), open_share=1.0)) == pytest.approx(0.03, abs=1e-4)
    assert opening_of(eye(0.2)) == pytest.approx(0.2, abs=1e-4)
