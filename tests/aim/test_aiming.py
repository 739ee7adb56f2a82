"""What an installer is told about one picture."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from edge.aim.aiming import HOLDS_S, Aim, Aiming
from edge.aim.page import drawn
from edge.i18n.texts import Labels
from edge.messages import Box, Face, Frame, Reason

IMAGE = np.full((480, 640, 3), 120, np.uint8)
GOOD = Face(
    0.0, 1, box=(250.0, 160.0, 140.0, 150.0), usable=True, reason=None, eye_opening=0.3, yaw_deg=5.0, pitch_deg=3.0,
    roll_deg=0.0,
)  # fmt: skip


def seen(face: Face, image: np.ndarray = IMAGE, room: bool = False, seconds: float = 2.0, hz: float = 30.0) -> Aim:
    return crowd([face], image, room, seconds, hz)


def crowd(
    faces: list[Face], image: np.ndarray = IMAGE, room: bool = True, seconds: float = 2.0, hz: float = 30.0
) -> Aim:
    aiming = Aiming(room)
    return [aiming.step(Frame(index / hz, image, index), faces) for index in range(round(seconds * hz) + 1)][-1]


def test_a_camera_that_is_hung_right_is_ready_after_ten_seconds_and_not_before() -> None:
    assert not seen(GOOD, seconds=HOLDS_S - 1).ready
    aim = seen(GOOD, seconds=HOLDS_S + 1)
    assert aim.ready
    assert aim.advice == []
    assert aim.sentence == "Ready: all has held for 10 s."
    assert aim.record()["ready"] is True
    assert aim.record(Labels("zh"))["sentence"] == "完成：所有条件已连续满足 10 秒。"


@pytest.mark.parametrize(
    ("face", "said"),
    [
        (replace(GOOD, box=(250.0, 160.0, 60.0, 70.0)), "bring the camera nearer, by 50 % of the way to the face"),
        (replace(GOOD, box=(20.0, 160.0, 130.0, 150.0)), "turn the camera 22 degrees left, as it looks"),
        (replace(GOOD, box=(490.0, 160.0, 130.0, 150.0)), "turn the camera 22 degrees right, as it looks"),
        (replace(GOOD, box=(250.0, 10.0, 130.0, 150.0)), "tilt the camera 15 degrees up"),
        (replace(GOOD, box=(250.0, 325.0, 130.0, 150.0)), "tilt the camera 15 degrees down"),
        (replace(GOOD, yaw_deg=-47.0), "hang the camera further to the front of the driver, by 12 degrees or more"),
        (replace(GOOD, pitch_deg=24.0), "lower the camera by 5 cm, and look ahead"),
        (replace(GOOD, pitch_deg=-45.0), "raise the camera by 12 cm, and look ahead"),
        (replace(GOOD, usable=False, reason=Reason.DARK), "give it more light; at night an infra-red lamp"),
        (replace(GOOD, usable=False, reason=Reason.BLURRED), "clean the lens and focus it"),
        (replace(GOOD, usable=False, reason=Reason.EYES_HIDDEN), "take off dark glasses"),
        (Face(0.0), "point the camera at the driver's seat"),
        (Face(0.0, reason=Reason.UPSIDE_DOWN), "set camera.rotate: 180"),
    ],
)
def test_what_does_not_hold_is_told_with_what_to_do(face: Face, said: str) -> None:
    aim = seen(face, seconds=HOLDS_S + 2)
    assert not aim.ready
    assert any(said in advice for advice in aim.advice), aim.advice
    chinese = aim.record(Labels("zh"))
    texts = [chinese["sentence"], *chinese["advice"], *(reading["measured"] for reading in chinese["readings"])]
    assert [text for text in texts if not re.search("[\u4e00-\u9fff]", text)] == []


def test_slow_pictures_and_glare_are_told() -> None:
    assert any("camera.format: mjpeg" in advice for advice in seen(GOOD, hz=8.0).advice)
    white = IMAGE.copy()
    white[160:310, 250:390] = 255
    aim = seen(GOOD, white)
    assert any("glare" in advice for advice in aim.advice)
    assert not any(reading.verdict == "bad" for reading in aim.readings), "poor, and no reason to hang it anew"


def test_a_blurred_picture_between_good_ones_does_not_begin_the_time_anew() -> None:
    aiming = Aiming(room=False)
    aim = None
    for index in range(11 * 30):
        face = replace(GOOD, usable=False, reason=Reason.BLURRED) if index % 30 == 15 else GOOD
        aim = aiming.step(Frame(index / 30, IMAGE, index), [face])
    assert aim is not None
    assert aim.ready
    for index in range(11 * 30, 12 * 30):
        aim = aiming.step(Frame(index / 30, IMAGE, index), [Face(index / 30)])
    assert aim.held_s == 0.0, "somebody who has left is another matter"


def pupils(rows: list[tuple[int, float, float]]) -> list[Face]:
    boxes: list[Box] = [
        (60.0 * place, y, width, width) for count, y, width in rows for place in range(count)
    ]  # fmt: skip
    return [replace(GOOD, track=number, box=box) for number, box in enumerate(boxes)]


def test_a_classroom_is_told_how_many_faces_of_how_many_px_and_which_row_is_too_far() -> None:
    near = crowd(pupils([(6, 300.0, 50.0)]), seconds=11)
    assert near.ready
    far = crowd(pupils([(6, 300.0, 50.0), (4, 96.0, 30.0)]))
    said = {reading.name: reading.measured for reading in far.readings}
    assert said["faces"] == "10 seen, 6 of 40 px or more"
    assert said["width"] == "30 to 50 px; too far: the row at 23 % of the picture's height from above"
    assert "4 faces are too small" in far.advice[0]
    few = crowd(pupils([(3, 300.0, 50.0)]), seconds=11)
    assert not few.ready
    assert "5 faces are needed" in few.advice[0]
    assert not crowd([]).ready


def test_what_is_drawn_is_a_picture_and_the_frame_itself_stays_as_it_was() -> None:
    image = np.full((1080, 1920, 3), 120, np.uint8)
    jpeg = drawn(image, [GOOD, Face(0.0)], seen(GOOD))
    assert jpeg[:2] == b"\xff\xd8"
    assert (image == 120).all()
