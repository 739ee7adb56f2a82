from __future__ import annotations

from collections.abc import Iterator

import pytest
from driver import steps_of, watch

from edge.fatigue.eye_baseline import EyePair
from edge.messages import EyeReading, Face, Level, Reason, Side

FPS = 15
OPEN, SHUT, LOWERED = (0.31, 1.0, 0.21), (0.05, 0.02, 0.17), (0.09, 0.05, 0.215)
"""Opening, the net's share and the iris' radius of an open eye, a shut one, and one that looks down."""
Eye = tuple[float, float | None, float | None]


def face(t_s: float, right: Eye | None, left: Eye | None, pitch_deg: float = 0.0) -> Face:
    sides: tuple[tuple[Side, Eye | None], ...] = (("right", right), ("left", left))
    eyes = tuple(EyeReading(side, eye[0], 1.0, eye[1], eye[2]) for side, eye in sides if eye is not None)
    return Face(t_s, 1, usable=bool(eyes), reason=None, eye_opening=0.3, eyes=eyes, yaw_deg=0.0, pitch_deg=pitch_deg)


def drive(*parts: tuple[float, Eye | None, Eye | None]) -> Iterator[Face]:
    """One part after another: until when, the right eye, the left eye."""
    t_s, index = 0.0, 0
    for until_s, right, left in parts:
        while t_s < until_s:
            yield face(t_s, right, left)
            index += 1
            t_s = index / FPS


def told(*parts: tuple[float, Eye | None, Eye | None]) -> list[tuple[str, Level, float]]:
    return [(type_, level, round(t_s, 1)) for type_, level, t_s in steps_of(watch(drive(*parts)), "microsleep")]


def test_eyes_that_shut_are_a_microsleep_after_a_second_and_a_half() -> None:
    assert told((10, OPEN, OPEN), (12.5, SHUT, SHUT), (14, OPEN, OPEN))[0] == ("new", Level.CRITICAL, 11.5)


def test_a_woman_whose_open_eyes_the_net_holds_for_shut() -> None:
    """Her contour is right; the net gives her a tenth of what it gives others, and nothing when she looks aside."""
    doubted, aside, squinting = (0.29, 0.12, 0.21), (0.28, 0.01, 0.195), (0.19, 0.06, 0.195)
    for look in (aside, squinting):
        seen = watch(drive((30, doubted, doubted), (40, look, look), (60, doubted, doubted)))
        assert seen.alerts == [] and seen.of("closure") == []
        assert all(item.usable for item in seen.messages if isinstance(item, Face))
    assert told((30, doubted, doubted), (33, SHUT, SHUT), (60, doubted, doubted))[0][2] == pytest.approx(31.5, abs=0.1)


def test_a_contour_that_gapes_over_shut_eyes_in_infra_red_light() -> None:
    gaping = (0.18, 0.03, 0.17)
    assert told((10, OPEN, OPEN), (12.5, gaping, gaping), (14, OPEN, OPEN))[0] == ("new", Level.CRITICAL, 11.5)


def test_a_look_down_at_the_instruments_with_the_eyes_alone() -> None:
    """The irises stay as large as ever behind the lowered lids: attention's matter, unless it never ends."""
    assert told((10, OPEN, OPEN), (15.8, LOWERED, LOWERED), (17, OPEN, OPEN)) == []
    assert told((10, OPEN, OPEN), (17, LOWERED, LOWERED), (18, OPEN, OPEN))[0] == ("new", Level.EMERGENCY, 16.0)


def test_lids_of_which_contour_and_net_say_the_contrary_are_unknown_and_that_is_told() -> None:
    unclear = (0.225, 0.02, 0.196)
    drive_ = watch(drive((10, OPEN, OPEN), (25, unclear, unclear)))
    assert {alert.alert for alert in drive_.alerts} == {"cannot_see_driver"}
    (new,) = drive_.new("cannot_see_driver")
    assert new.t_s == pytest.approx(21, abs=0.5)
    assert "lids_unclear" in new.evidence["causes"]
    faces = [item for item in drive_.messages if isinstance(item, Face) and item.t_s > 12]
    assert drive_.of("closure") == []
    assert {(item.reason, item.usable, item.openness) for item in faces} == {(Reason.LIDS_UNCLEAR, False, None)}


def test_shutting_lids_that_shift_the_mesh_are_not_taken_for_a_nod_of_the_head() -> None:
    def faces() -> Iterator[Face]:
        for index in range(14 * FPS):
            shut = 10 <= index / FPS < 12.5
            yield face(index / FPS, *([SHUT, SHUT] if shut else [OPEN, OPEN]), pitch_deg=7.0 if shut else 0.0)

    assert steps_of(watch(faces()), "microsleep")[0][2] == pytest.approx(11.5, abs=0.1)


@pytest.mark.parametrize(("moves_deg", "told_s"), [(-15.0, 11.5), (15.0, 13.0)], ids=["goes up", "bends down"])
def test_no_gaze_goes_down_while_the_head_goes_up(moves_deg: float, told_s: float) -> None:
    """Irises that shut lids hide are believed at once, unless the head bends down: a look down waits for 3 s."""

    def faces() -> Iterator[Face]:
        for index in range(18 * FPS):
            shut = 10 <= index / FPS < 14
            yield face(index / FPS, *([SHUT, SHUT] if shut else [OPEN, OPEN]), pitch_deg=moves_deg if shut else 0.0)

    assert steps_of(watch(faces()), "microsleep")[0][2] == pytest.approx(told_s, abs=0.1)


def test_contour_and_net_contradict_each_other_in_a_blurred_picture_too() -> None:
    unclear = (0.225, 0.02, None)
    drive_ = watch(drive((10, OPEN, OPEN), (25, unclear, unclear)))
    assert {alert.alert for alert in drive_.alerts} == {"cannot_see_driver"}


def test_an_artificial_eye_does_not_keep_a_sleeper_awake() -> None:
    assert told((4, OPEN, OPEN), (12, SHUT, OPEN), (14, OPEN, OPEN))[0] == ("new", Level.CRITICAL, 5.5)


def test_an_eye_that_is_always_shut_does_not_put_anybody_to_sleep() -> None:
    assert told((20, SHUT, OPEN)) == []
    assert told((20, SHUT, OPEN), (22.5, SHUT, SHUT), (24, SHUT, OPEN))[0][2] == pytest.approx(21.5, abs=0.1)


def test_who_shuts_one_eye_of_two_that_blink_is_awake() -> None:
    assert told((5, OPEN, OPEN), (5.2, SHUT, SHUT), (10, OPEN, OPEN), (13, SHUT, OPEN), (15, OPEN, OPEN)) == []


def test_the_good_eye_beside_a_patch_is_judged_alone() -> None:
    assert told((10, OPEN, None), (12.5, SHUT, None), (14, OPEN, None))[0] == ("new", Level.CRITICAL, 11.5)


def test_without_nets_and_irises_the_contour_is_left() -> None:
    bare, shut = (0.31, None, None), (0.05, None, None)
    assert told((10, bare, bare), (12.5, shut, shut), (14, bare, bare))[0] == ("new", Level.CRITICAL, 11.5)


def test_an_unusable_face_says_nothing_of_the_eyes() -> None:
    assert EyePair(60.0).look(Face(1.0, 1)) is None
