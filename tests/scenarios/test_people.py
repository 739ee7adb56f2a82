"""Drivers we all know: each must be told the same at 30, 15 and 8 fps, within half a second."""

from __future__ import annotations

import pytest
from driver import Driver, steps, told_at_every_rate, watch

from edge.config.decision import FatigueConfig
from edge.fatigue.monitor import DriverChoice, FatigueMonitor
from edge.messages import Alert, Attention, Face, Fatigue, Level, Reason

ADVISORY, WARNING, CRITICAL, EMERGENCY = Level.ADVISORY, Level.WARNING, Level.CRITICAL, Level.EMERGENCY


def summary(told: list[tuple[str, str, Level, float]]) -> list[tuple[str, str, Level, int]]:
    return [(kind, type_, level, round(t_s)) for kind, type_, level, t_s in told]


def test_the_alert_driver_who_talks_and_laughs() -> None:
    def driver() -> Driver:
        return Driver().blinks(0, 120).sings(10, 60, beat_s=0.3).laughs_at(70, 3.0).laughs_at(90, 4.0)

    assert told_at_every_rate(driver, 120) == []
    assert watch(driver().faces(15, 120)).of("yawn") == []


def test_sunglasses_at_noon() -> None:
    """Behind dark glasses the lids may do what they like: after ten seconds the blindness is told, and nothing else."""
    told = told_at_every_rate(lambda: Driver().hides(0, 200, Reason.EYES_HIDDEN).closes(20, 30), 60)
    assert summary(told) == [("cannot_see_driver", "new", ADVISORY, 10), ("cannot_see_driver", "end", ADVISORY, 60)]


def test_the_mirror_checker() -> None:
    def driver() -> Driver:
        made = Driver().blinks(0, 180)
        for index, at_s in enumerate(range(5, 175, 6)):
            made.looks_aside(at_s, 1.3, (35.0, -55.0, 30.0)[index % 3])
        return made

    assert told_at_every_rate(driver, 180) == []


def test_the_driver_who_reads_a_telephone() -> None:
    """Eyes stay open and the head stays down: advisory after 3 s, warning after 3.5, critical after 6."""
    told = told_at_every_rate(lambda: Driver(straight_deg=(8, -6)).blinks(0, 80).lowers_head(80, 13.3, 24), 100)
    assert summary(told) == [
        ("distraction", "new", ADVISORY, 83),
        ("distraction", "update", WARNING, 83),
        ("distraction", "update", CRITICAL, 86),
        ("distraction", "end", CRITICAL, 95),
    ]


def test_the_driver_who_looks_away_again_and_again() -> None:
    """No look lasts 3 s and no look back 2 s: after ten seconds in all there is a warning."""

    def driver() -> Driver:
        made = Driver().blinks(0, 78)
        for at_s in range(80, 104, 4):
            made.looks_aside(at_s, 2.2, 40)
        return made

    told = told_at_every_rate(driver, 115)
    assert summary(told)[:1] == [("distraction", "new", WARNING, 96)]
    assert [step[1] for step in told] == ["new", "end"]


def test_the_driver_who_watches_a_screen_from_the_corner_of_the_eye() -> None:
    """The head hardly moves; the mirror that way is looked at for a second and is no matter."""

    def driver() -> Driver:
        made = Driver().blinks(0, 130).glances_at(80, 1.0, 40)
        return made.looks_aside(100, 5, 8).glances_at(100, 5, 35)

    told = told_at_every_rate(driver, 120)
    assert [step[:3] for step in told] == [
        ("distraction", "new", ADVISORY),
        ("distraction", "update", WARNING),
        ("distraction", "end", WARNING),
    ]
    assert told[0][3] == pytest.approx(103, abs=0.3)


def test_the_head_turned_too_far_for_its_eyes_is_away() -> None:
    told = told_at_every_rate(lambda: Driver().blinks(0, 80).looks_aside(80, 4.8, 70), 90)
    assert summary(told) == [
        ("distraction", "new", ADVISORY, 83),
        ("distraction", "update", WARNING, 83),
        ("distraction", "end", WARNING, 87),
    ]


@pytest.mark.parametrize("for_s", [2.9, 3.3, 5.8])
def test_nothing_begins_or_rises_once_the_driver_looks_back(for_s: float) -> None:
    drive = watch(Driver().blinks(0, 80).looks_aside(80, for_s, 70).faces(15, 95))
    assert all(alert.t_s < 80 + for_s + 0.2 for alert in drive.alerts if alert.type != "end")


def test_a_look_that_goes_on_while_the_face_is_lost_stays_told() -> None:
    """He looks aside, and leaves the picture for five seconds: one alert, critical, until he looks back."""
    driver = Driver().blinks(0, 80).looks_aside(80, 12, 60).hides(84, 5, Reason.NO_FACE)
    told = [step for step in steps(watch(driver.faces(15, 100))) if step[0] == "distraction"]
    assert summary(told)[-2:] == [("distraction", "update", CRITICAL, 86), ("distraction", "end", CRITICAL, 94)]
    assert len(told) == 4


def test_a_face_lost_on_the_road_is_unknown_and_not_away() -> None:
    drive = watch(Driver().blinks(0, 80).hides(80, 9, Reason.NO_FACE).faces(15, 95))
    assert drive.alerts == []


def test_who_looks_away_again_is_told_again() -> None:
    driver = Driver().blinks(0, 80)
    for at_s in (80, 92, 104):
        driver.looks_aside(at_s, 4.5, 40)
    told = watch(driver.faces(15, 120)).new("distraction")
    assert [alert.t_s for alert in told] == [pytest.approx(at_s + 3, abs=0.2) for at_s in (80, 92, 104)]


def test_the_slow_drift_into_sleep() -> None:
    def driver() -> Driver:
        made, at_s = Driver().blinks(0, 100), 100.0
        while at_s < 330:
            made.closes(at_s, 0.45 if at_s < 190 else 0.8 if at_s < 260 else 1.2)
            at_s += 3.4
        return made.closes(334, 4)

    told = told_at_every_rate(driver, 345)
    drowsy = [step[2] for step in told if step[0] == "drowsiness"]
    assert drowsy[:3] == [ADVISORY, WARNING, CRITICAL]
    asleep = [step for step in told if step[0] == "microsleep"]
    assert [step[1] for step in asleep] == ["new", "end"]
    assert asleep[0][3] == pytest.approx(335.5, abs=0.1)


def test_a_microsleep_at_second_90() -> None:
    told = told_at_every_rate(lambda: Driver().closes(90, 2.2).blinks(0, 100), 100)
    assert [step[:3] for step in told] == [("microsleep", "new", CRITICAL), ("microsleep", "end", CRITICAL)]
    assert told[0][3] == pytest.approx(91.5, abs=0.1)


def test_the_yawner() -> None:
    """Three yawns are no alert while the lids are light."""

    def driver() -> Driver:
        made = Driver().blinks(0, 130)
        for at_s in (20, 60, 100):
            made.opens_mouth(at_s, 3.0, 0.75, 1.5)
        return made

    assert told_at_every_rate(driver, 130) == []
    assert len(watch(driver().faces(8, 130)).of("yawn")) == 3


def test_the_camera_knocked_away() -> None:
    told = told_at_every_rate(lambda: Driver().blinks(0, 60).hides(60, 60, Reason.NO_FACE), 100)
    assert summary(told) == [
        ("cannot_see_driver", "new", ADVISORY, 70),
        ("cannot_see_driver", "update", WARNING, 84),
        ("cannot_see_driver", "end", WARNING, 100),
    ]


def test_the_covered_lens_while_the_eyes_are_closed() -> None:
    """Half a second into a closure the lens is covered: it may have gone on, but nobody saw it."""
    told = told_at_every_rate(lambda: Driver().blinks(0, 60).closes(60, 9).hides(60.5, 60, Reason.DARK), 75)
    assert {step[0] for step in told} == {"cannot_see_driver"}


def test_night_with_infra_red() -> None:
    """Noisier lids that open less and never quite shut; the microsleep is found and the blinks are not one."""
    told = told_at_every_rate(lambda: Driver(open=0.29, shut=0.09, noise=0.016).closes(90, 2.5).blinks(0, 100), 100)
    assert [step[:3] for step in told] == [("microsleep", "new", CRITICAL), ("microsleep", "end", CRITICAL)]


def test_the_frame_rate_that_falls_to_8_fps() -> None:
    driver = Driver().closes(60, 2.5).closes(100, 2.5).blinks(0, 120)
    fast = list(driver.faces(30, 70))
    slow = [face for face in driver.faces(8, 120) if face.t_s > 70]
    told = watch([*fast, *slow]).new("microsleep")
    assert [alert.t_s for alert in told] == [pytest.approx(61.5, abs=0.1), pytest.approx(101.5, abs=0.2)]


@pytest.mark.parametrize("jump_s", [-30.0, 0.5, 40.0, 4000.0])
def test_the_clock_that_jumps(jump_s: float) -> None:
    """What lies between two frames so far apart was not seen, and time that runs backwards tells nothing."""
    before = list(Driver().blinks(0, 59).closes(59.4, 1.4).faces(15, 60))
    after = [Face(60 + jump_s + i / 15, 1, usable=True, reason=None, eye_opening=0.31) for i in range(150)]
    assert [alert for alert in watch([*before, *after]).alerts if alert.alert != "cannot_see_driver"] == []


@pytest.mark.parametrize("seed", range(4))
def test_a_microsleep_seen_in_three_frames_of_five(seed: int) -> None:
    for fps in (30.0, 15.0):
        driver = Driver(seed=seed).closes(30, 2.2).blinks(0, 40).loses_frames(0.4, 40, seed)
        told = watch(driver.faces(fps, 40)).new("microsleep")
        assert [alert.t_s for alert in told] == [pytest.approx(31.5, abs=0.3)]


def test_an_alert_driver_seen_in_three_frames_of_five() -> None:
    for fps in (30.0, 15.0, 8.0):
        assert watch(Driver(seed=3).blinks(0, 150).loses_frames(0.4, 150).faces(fps, 150)).alerts == []


def driven(drivers: list[Driver], fps: float, until_s: float) -> tuple[list[Alert], list[Fatigue]]:
    """What is said where only the driver among several faces is judged."""
    choice = DriverChoice("largest")
    pictures = zip(*(driver.faces(fps, until_s) for driver in drivers), strict=True)
    drive = watch(choice.choose(faces) for faces in pictures)
    return drive.alerts, [message for message in drive.messages if isinstance(message, Fatigue)]


def test_two_faces_in_the_picture_and_a_tired_passenger() -> None:
    for fps in (30.0, 15.0, 8.0):
        passenger = Driver(track=2, seed=5, box=(20.0, 100.0, 110.0, 110.0)).closes(20, 30)
        alerts, reports = driven([Driver().blinks(0, 60), passenger], fps, 60)
        assert alerts == []
        assert {report.track for report in reports} == {1}
        tired = Driver().blinks(0, 60).closes(40, 4)
        alerts, _ = driven([tired, Driver(track=2, box=(20.0, 100.0, 110.0, 110.0)).blinks(0, 60)], fps, 60)
        assert {alert.evidence["track"] for alert in alerts} == {1}


def test_a_passenger_is_not_taken_for_a_driver_who_bends_out_of_sight() -> None:
    choice, passenger = DriverChoice("largest"), Driver(track=2, box=(20.0, 100.0, 110.0, 110.0)).closes(10, 60)
    pictures = [[d, p] for d, p in zip(Driver().faces(10, 8), passenger.faces(10, 8), strict=True)]
    pictures += [[face] for face in list(passenger.faces(10, 33))[80:]]
    drive = watch(choice.choose(faces) for faces in pictures)
    assert {alert.alert for alert in drive.alerts} == {"cannot_see_driver"}


def test_the_driver_change() -> None:
    """The next driver's narrower eyes are measured against themselves."""
    choice = DriverChoice("largest")
    first, second = Driver(open=0.38).blinks(0, 60), Driver(open=0.22, track=2).blinks(60, 140)
    faces = [*first.faces(15, 60), *(Face(60 + i / 15) for i in range(75)), *list(second.faces(15, 140))[975:]]
    drive = watch(choice.choose([face]) for face in faces)
    assert drive.alerts == []
    assert drive.fatigue_at(139).evidence["baseline"] == pytest.approx(0.22, abs=0.02)


def test_attention_is_unknown_while_the_face_is_lost() -> None:
    monitor = FatigueMonitor(FatigueConfig())
    faces = Driver().blinks(0, 70).hides(70, 20, Reason.NO_FACE).faces(10, 80)
    said = [m for face in faces for m in monitor.step(face) if isinstance(m, Attention)]
    assert said[-1].causes == ("unknown",)
    assert next(m for m in said if m.t_s > 65).causes == ()
    assert said[0].causes == ("learning",)
