"""A camera that is turned away or pushed is told; light, people, windows and shaking are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from drawn_rooms import drawn_room

from edge.capture.camera_moved import LOOK_S, ViewWatch
from edge.capture.frames import FrameWatch, Image
from edge.messages import Frame

Change = Callable[[Image, float], Image]
BEFORE_S = 30.0


ROOM = drawn_room(3, 640)
"""Wider than a picture, so that a camera can be turned."""


def view(t_s: float, turned_px: int = 0, of: Image = ROOM) -> Image:
    """A driver who moves before the room, a window full of road, and noise."""
    chance = np.random.default_rng(int(1000 * t_s))
    image = of[:, turned_px : turned_px + 320].copy()
    image[20:90, 200:300] = chance.integers(0, 255, (70, 100, 1), np.uint8)
    cv2.circle(image, (150 - turned_px + int(12 * np.sin(t_s)), 150), 45, (120, 140, 190), -1)
    return np.clip(image + chance.integers(-4, 5, image.shape), 0, 255).astype(np.uint8)


def told(change: Change, length_s: float = 40.0, watch: ViewWatch | None = None) -> list[float]:
    """When the word is said, in seconds after the change."""
    scene, found = watch or ViewWatch(), []
    for t_s in np.arange(0.0, BEFORE_S + length_s, LOOK_S):
        image = view(float(t_s))
        if t_s >= BEFORE_S:
            image = change(image, float(t_s) - BEFORE_S)
        if scene.step(float(t_s), image):
            found.append(float(t_s) - BEFORE_S)
    return found


def sun(image: Image, t_s: float) -> Image:
    light = np.zeros(image.shape[:2], np.float32)
    cv2.circle(light, (int(320 * (t_s / 10 % 1)), 80), 90, 1.0, -1)
    return np.clip(image * (0.6 + 1.4 * cv2.GaussianBlur(light, (0, 0), 12)[..., None]), 0, 255).astype(np.uint8)


def tunnel(image: Image, t_s: float) -> Image:
    lamps = 0.25 + 0.15 * np.sin(9 * t_s)
    return (image * lamps).astype(np.uint8) if t_s < 25 else image


def passenger(image: Image, t_s: float) -> Image:
    cv2.ellipse(image, (230, 170), (85, 100), 0, 0, 360, (60, 80, 100), -1)
    cv2.circle(image, (230 + int(4 * np.sin(3 * t_s)), 80), 45, (110, 130, 180), -1)
    return image


def shaking(image: Image, t_s: float) -> Image:
    return np.roll(image, (round(5 * np.sin(40 * t_s)), round(6 * np.sin(31 * t_s))), (0, 1))


def mirrored_glare(image: Image, t_s: float) -> Image:
    image[:, 90:130] = np.clip(image[:, 90:130] + 120.0 * (t_s % 4 < 2), 0, 255).astype(np.uint8)
    return image


def night(image: Image, _: float) -> Image:
    """The lamp of an infra-red camera: grey, other contrasts, black windows."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    grey = (255 * (grey / 255.0) ** 1.8).astype(np.uint8)
    grey[20:90, 200:300] = 5
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("change", [sun, tunnel, passenger, shaking, mirrored_glare, night])
def test_light_people_windows_and_shaking_are_no_move(change: Change) -> None:
    assert told(change) == []


@pytest.mark.parametrize("seconds", [1.0, 6.0])
def test_a_hand_on_the_camera_for_a_moment_is_not_worth_a_word(seconds: float) -> None:
    assert told(lambda image, t_s: view(t_s, 200) if t_s < seconds else image) == []


def pushed(image: Image, right: float = 0.0, down: float = 0.0, roll_deg: float = 0.0) -> Image:
    """The view of a camera that was moved a little; right and down are shares of width and height."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), roll_deg, 1.0)
    turn[:, 2] += (right * width, down * height)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(
    ("right", "down", "roll_deg"),
    [(0.08, 0.0, 0.0), (0.0, -0.1, 0.0), (0.0, 0.15, 0.0), (0.0, 0.0, 6.0), (0.0, 0.0, -11.0), (-0.1, 0.06, 4.0)],
)
def test_a_camera_that_is_pushed_tilted_or_rolled_a_little_is_told_within_ten_seconds(
    right: float, down: float, roll_deg: float
) -> None:
    found = told(lambda image, _: pushed(image, right, down, roll_deg), 20.0)
    assert 5.0 <= found[0] <= 10.0


def test_a_push_within_the_reach_of_vibration_is_no_move() -> None:
    assert told(lambda image, _: pushed(image, 0.02, -0.02), 20.0) == []


def test_a_driver_who_changes_seat_before_the_same_room_is_no_move() -> None:
    def shifted(image: Image, _: float) -> Image:
        changed = ROOM[:, :320].copy()
        changed[90:220, 130:260] = image[90:220, 90:220]
        return changed

    assert told(shifted, 30.0) == []


@pytest.mark.parametrize("turned_px", [110, 300])
def test_a_camera_that_is_turned_is_told_within_ten_seconds_until_its_view_is_the_view(turned_px: int) -> None:
    found = told(lambda _, t_s: view(t_s, turned_px), 90.0)
    assert 5.0 <= found[0] <= 10.0
    assert found[-1] <= 90.0, "after a minute"


def test_a_camera_that_is_turned_back_is_well_again() -> None:
    found = told(lambda image, t_s: view(t_s, 300) if t_s < 20 else image)
    assert 5.0 <= found[0] <= 10.0
    assert found[-1] <= 24.0


def test_a_view_of_which_too_little_is_known_is_never_missed() -> None:
    """A driver before a plain wall, and a camera in somebody's hand."""
    wall = np.full((240, 640, 3), 120, np.uint8)
    plain, carried = ViewWatch(), ViewWatch()
    for t_s in np.arange(0.0, 60.0, LOOK_S):
        assert plain.step(float(t_s), view(float(t_s), 0 if t_s < 40 else 200, wall)) == ""
        assert carried.step(float(t_s), view(float(t_s), int(150 + 150 * np.sin(t_s / 3)))) == ""


def test_the_word_is_the_camera_s_and_ends() -> None:
    watch, times_s = FrameWatch(), np.arange(0.0, 125.0, 0.25)
    frames = (Frame(float(t_s), view(float(t_s), 0 if t_s < BEFORE_S else 300)) for t_s in times_s)
    lost, back = [word for frame in frames for word in watch.step(frame)]
    assert "the camera was moved" in lost.detail
    assert BEFORE_S + 5 <= lost.t_s <= BEFORE_S + 10
    assert back.state == "ok"
    assert back.t_s <= BEFORE_S + 90
