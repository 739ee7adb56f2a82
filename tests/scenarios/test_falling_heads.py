"""Sleepers whose head falls, and drivers who only look so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from driver import Drive, Driver, every_rate, steps_of, watch

from edge.messages import Face, Level, Reason

TOO_FAR_DEG = 25.0
"""A head bent further down hides its lids (`edge.vision.usable_eyes`)."""


def seen(driver: Driver, fps: float, until_s: float, lost: tuple[float, float] = (1e9, 1e9)) -> Iterator[Face]:
    """What the camera shows: lids only while the head is up, nothing at all from `lost` until the second moment."""
    for face in driver.faces(fps, until_s):
        if lost[0] <= face.t_s < lost[1]:
            yield Face(face.t_s, face.track)
        elif face.pitch_deg is not None and face.pitch_deg > TOO_FAR_DEG:
            yield replace(face, usable=False, reason=Reason.TURNED_AWAY, eye_opening=None)
        else:
            yield face


def told(drive: Drive) -> list[tuple[str, Level, float]]:
    return steps_of(drive, "microsleep")


@every_rate
@pytest.mark.parametrize(("sinks_after_s", "told_s"), [(0.4, 61.5), (0.8, 61.5), (1.2, 61.5)])
def test_the_sleeper_whose_head_sinks_too_far_for_his_eyes_to_be_seen(
    fps: float, sinks_after_s: float, told_s: float
) -> None:
    driver = Driver().blinks(0, 60).closes(60, 9).lowers_head(60 + sinks_after_s + 0.5, 9, 45, within_s=0.5)
    found = told(watch(seen(driver, fps, 68)))
    assert [step[:2] for step in found[:2]] == [("new", Level.CRITICAL), ("update", Level.EMERGENCY)]
    assert found[0][2] == pytest.approx(told_s, abs=0.1 + 1 / fps)
    assert found[1][2] == pytest.approx(66.0, abs=0.1 + 1 / fps)


@every_rate
@pytest.mark.parametrize("sinks_after_s", [0.0, 0.1, 0.2])
def test_the_sleeper_whose_head_sinks_at_once_is_told_when_a_look_down_would_be_over(
    fps: float, sinks_after_s: float
) -> None:
    driver = Driver().blinks(0, 60).closes(60, 9).lowers_head(60 + sinks_after_s + 0.6, 9, 40, within_s=0.6)
    found = told(watch(seen(driver, fps, 68)))
    assert 61.4 < found[0][2] < 63.1 + 1 / fps
    assert found[1][:2] == ("update", Level.EMERGENCY)


@every_rate
def test_the_sleeper_whose_face_is_lost(fps: float) -> None:
    found = told(watch(seen(Driver().blinks(0, 60).closes(60, 9), fps, 68, lost=(60.8, 70))))
    assert found[0][2] == pytest.approx(61.5, abs=0.1 + 1 / fps)
    assert found[1][2] == pytest.approx(66.0, abs=0.1 + 1 / fps)


@every_rate
def test_the_sleeper_who_wakes_with_a_start(fps: float) -> None:
    """The head comes up, the eyes are open: a third of a second later it is over."""
    driver = Driver().blinks(0, 60).closes(60, 2.5).lowers_head(61.0, 2.0, 45, within_s=0.4)
    drive = watch(seen(driver, fps, 68))
    found = told(drive)
    assert [step[0] for step in found] == ["new", "end"]
    assert found[1][2] == pytest.approx(63.7, abs=0.3 + 2 / fps)


@every_rate
def test_a_blink_while_the_head_turns_aside_or_a_hand_hides_the_face(fps: float) -> None:
    turned = Driver().blinks(0, 60).closes(60, 0.15).looks_aside(60.1, 4, 70)
    hidden = Driver().blinks(0, 60).closes(60, 0.15)
    assert told(watch(turned.faces(fps, 68))) == []
    assert told(watch(seen(hidden, fps, 68, lost=(60.1, 64)))) == []


@every_rate
def test_a_slow_blink_before_hands_that_hide_the_eyes_and_now_and_then_the_face(fps: float) -> None:
    """Where the face shows, the head is up: it has not fallen."""
    driver = Driver().blinks(0, 59).closes(60, 0.35)

    def shown() -> Iterator[Face]:
        for face in seen(driver, fps, 68):
            if not 60.4 <= face.t_s < 65:
                yield face
            elif round(face.t_s * fps) % 3:
                yield Face(face.t_s, face.track)
            else:
                yield replace(face, usable=False, reason=Reason.EYES_HIDDEN, eye_opening=None)

    assert told(watch(shown())) == []


@every_rate
def test_the_driver_who_bends_down_for_two_seconds_with_lowered_lids(fps: float) -> None:
    driver = Driver().blinks(0, 60).closes(60, 2).lowers_head(60.2, 1.8, 40, within_s=0.3)
    assert told(watch(seen(driver, fps, 68))) == []


@every_rate
def test_the_driver_who_searches_left_and_right_below_the_seat(fps: float) -> None:
    """A sleeper's head does not swing."""
    driver = Driver().blinks(0, 60).closes(60, 5).lowers_head(60.6, 4, 40, within_s=0.3)
    driver.looks_aside(61.2, 0.8, 40).looks_aside(62.6, 0.8, -40)
    assert told(watch(seen(driver, fps, 64.8))) == []


@every_rate
def test_who_comes_up_under_another_number_is_not_asleep_any_more(fps: float) -> None:
    sleeper = seen(Driver().blinks(0, 60).closes(60, 2.0), fps, 62.0, lost=(60.8, 62))
    awake = [replace(face, t_s=face.t_s + 62, track=2) for face in Driver(track=2).faces(fps, 8)]
    found = told(watch([*sleeper, *awake]))
    assert [step[:2] for step in found if step[1] is Level.EMERGENCY] == []
