from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.messages import Reason
from edge.vision.geometry import HeadPose
from edge.vision.iris import EyeQuality, eye_quality
from edge.vision.usable_eyes import seeing, why_unusable

AHEAD = HeadPose(0.0, 0.0, 0.0)
GOOD = EyeQuality(brightness=100.0, contrast=0.5, sharpness=0.07)


def test_a_good_look_is_usable() -> None:
    assert why_unusable(30.0, AHEAD, [GOOD, GOOD]) is None


@pytest.mark.parametrize(
    ("width_px", "pose", "quality", "reason"),
    [
        (6.0, AHEAD, GOOD, Reason.TOO_SMALL),
        (30.0, HeadPose(55.0, 0.0, 0.0), GOOD, Reason.TURNED_AWAY),
        (30.0, HeadPose(-55.0, 0.0, 0.0), GOOD, Reason.TURNED_AWAY),
        (30.0, HeadPose(0.0, 30.0, 0.0), GOOD, Reason.TURNED_AWAY),
        (30.0, HeadPose(0.0, -50.0, 0.0), GOOD, Reason.TURNED_AWAY),
        (30.0, AHEAD, EyeQuality(12.0, 0.5, 0.07), Reason.DARK),
        (30.0, AHEAD, EyeQuality(100.0, 0.05, 0.07), Reason.EYES_HIDDEN),
        (30.0, AHEAD, EyeQuality(100.0, 0.5, 0.01), Reason.BLURRED),
    ],
)
def test_each_reason(width_px: float, pose: HeadPose, quality: EyeQuality, reason: Reason) -> None:
    assert why_unusable(width_px, pose, [quality, quality]) is reason


def test_a_camera_below_the_face_is_no_reason() -> None:
    assert why_unusable(30.0, HeadPose(0.0, -30.0, 0.0), [GOOD]) is None


def test_a_tipped_head_is_no_reason() -> None:
    assert why_unusable(30.0, HeadPose(0.0, 0.0, 40.0), [GOOD]) is None


def test_a_face_with_both_eyes_turned_is_turned_away() -> None:
    assert why_unusable(30.0, AHEAD, []) is Reason.TURNED_AWAY


def test_glare_on_one_glass_is_enough_to_doubt_both_eyes() -> None:
    assert why_unusable(30.0, AHEAD, [GOOD, EyeQuality(180.0, 0.05, 0.5)]) is Reason.EYES_HIDDEN
    assert why_unusable(30.0, AHEAD, [GOOD, EyeQuality(100.0, 0.05, 0.5)]) is Reason.EYES_HIDDEN


def test_a_dark_patch_does_not_hide_the_other_eye() -> None:
    patch = EyeQuality(55.0, 0.05, 0.5)
    assert why_unusable(30.0, AHEAD, [GOOD, patch]) is None
    assert seeing([patch, GOOD]) == [1]


def test_beside_a_dark_glass_a_dim_eye_is_not_clear_enough() -> None:
    assert why_unusable(30.0, AHEAD, [EyeQuality(80.0, 0.2, 0.07), EyeQuality(40.0, 0.05, 0.5)]) is Reason.EYES_HIDDEN


@pytest.mark.data
@pytest.mark.parametrize("state", ["open", "closed"])
def test_infrared_eyes_are_usable_open_and_closed(data_dir: Path, state: str) -> None:
    crops = np.load(data_dir / "eyes_ir.npz")[state][::4]
    pictures = [cv2.resize(np.dstack([crop] * 3), (64, 64), interpolation=cv2.INTER_AREA) for crop in crops]
    reasons = [why_unusable(30.0, AHEAD, [eye_quality(picture)]) for picture in pictures]
    assert np.mean([reason is None for reason in reasons]) >= 0.99
