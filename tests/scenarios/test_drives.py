"""What the box must say about drivers who fall asleep, tire or look away."""

from __future__ import annotations

import pytest
from driver import RATES_FPS, Driver, every_rate, steps_of, watch

from edge.fatigue.eye_baseline import CLOSED
from edge.messages import Level, Nod, Reason, Yawn


@every_rate
def test_long_haul_driver_nods_off(fps: float) -> None:
    """Eyes fall shut at 90 s for 7 s; the head sinks a second later."""
    driver = Driver().closes(90, 7).lowers_head(91.5, 2.5, 19, within_s=0.7).blinks(0, 120)
    drive = watch(driver.faces(fps, 120))
    told = steps_of(drive, "microsleep")
    assert [(type_, level) for type_, level, _ in told] == [
        ("new", Level.CRITICAL),
        ("update", Level.EMERGENCY),
        ("end", Level.EMERGENCY),
    ]
    assert told[0][2] == pytest.approx(91.5, abs=0.03 + 1 / fps)
    assert told[1][2] == pytest.approx(96.0, abs=0.03 + 1 / fps)
    assert told[2][2] == pytest.approx(97.4, abs=0.1 + 1 / fps)
    new = drive.new("microsleep")[0]
    assert new.start_s == pytest.approx(90, abs=0.1)
    assert new.duration_s == pytest.approx(1.5, abs=0.03 + 1 / fps)
    sleep = next(a for a in drive.told("microsleep") if "sleep" in a.evidence["causes"])
    assert sleep.type == "update"
    assert sleep.t_s == pytest.approx(93.0, abs=0.03 + 1 / fps)


@pytest.mark.parametrize("fps", [12.5, 24.0, 29.97])
@pytest.mark.parametrize("at_s", [40.0, 61.37, 90.111])
def test_microsleeper_is_woken_within_a_frame(fps: float, at_s: float) -> None:
    drive = watch(Driver(seed=7).closes(at_s, 1.8).blinks(0, 100).faces(fps, 100))
    new = drive.new("microsleep")
    assert len(new) == 1
    assert at_s + 1.45 <= new[0].t_s <= at_s + 1.5 + 1 / fps + 0.01


@every_rate
def test_driver_who_starts_drowsy(fps: float) -> None:
    """Half-shut from the first frame, with slow closures: he must not be taken for his own awake self."""
    driver = Driver(open=0.31).droops(0, 400, depth=0.6)
    for at_s in range(4, 200, 5):
        driver.closes(at_s, 1.0)
    drive = watch(driver.faces(fps, 200))
    assert drive.new("drowsiness")
    assert drive.fatigue_at(199).level >= Level.WARNING


def test_eyes_that_open_wider_later_raise_the_baseline() -> None:
    """Drowsy at first, woken after 100 s: from then on half-shut lids are half shut."""
    drive = watch(Driver(open=0.32).droops(0, 100, depth=0.35).blinks(100, 300).faces(10, 240))
    assert drive.fatigue_at(90).evidence["baseline"] < 0.25
    assert drive.fatigue_at(239).evidence["baseline"] == pytest.approx(0.32, abs=0.02)


@every_rate
def test_drift_into_sleep_rises_step_by_step(fps: float) -> None:
    """Slow closures become more and longer; advisory comes first, then warning, then critical."""
    driver, at_s = Driver().blinks(0, 120), 120.0
    while at_s < 420:
        for_s = min(0.35 + (at_s - 120) / 300 * 1.05, 1.3)
        driver.closes(at_s, for_s)
        at_s += 3.4
    drive = watch(driver.faces(fps, 420))
    levels = [level for _, level, _ in steps_of(drive, "drowsiness")][:3]
    assert levels == [Level.ADVISORY, Level.WARNING, Level.CRITICAL]
    assert not drive.new("microsleep")
    assert len({a.id for a in drive.told("drowsiness")}) == 1


def test_the_same_alerts_at_every_rate() -> None:
    def told(fps: float) -> list[tuple[str, str, Level, float]]:
        driver = Driver().blinks(0, 130).closes(95, 3.5)
        driver.hides(20, 14, Reason.NO_FACE)
        for at_s in range(130, 260, 4):
            driver.closes(at_s, 0.9)
        drive = watch(driver.faces(fps, 400))
        kinds = ("microsleep", "drowsiness", "cannot_see_driver")
        return [(kind, type_, level, t_s) for kind in kinds for type_, level, t_s in steps_of(drive, kind)]

    first, *others = (told(fps) for fps in RATES_FPS)
    assert len(first) >= 7
    for other in others:
        assert [entry[:3] for entry in other] == [entry[:3] for entry in first]
        assert [entry[3] for entry in other] == pytest.approx([entry[3] for entry in first], abs=0.5)


@every_rate
def test_phone_glancer(fps: float) -> None:
    """Looks down at a phone for two seconds at a time: lids and head go down together."""
    driver = Driver().blinks(0, 200)
    for at_s in range(10, 190, 12):
        driver.closes(at_s, 2.0).lowers_head(at_s + 0.1, 1.9, 16, within_s=0.35)
    drive = watch(driver.faces(fps, 200))
    assert drive.alerts == []
    assert drive.of("nod") == []
    last = drive.fatigue_at(199)
    assert last.perclos_60 is not None
    assert last.perclos_60 < 0.02


@every_rate
def test_sleeper_whose_head_falls_at_once_is_not_taken_for_a_glancer(fps: float) -> None:
    drive = watch(Driver().blinks(0, 60).closes(60, 8).lowers_head(60.1, 8, 16, within_s=0.35).faces(fps, 80))
    new = drive.new("microsleep")
    assert len(new) == 1
    assert new[0].t_s == pytest.approx(63.0, abs=0.1 + 1 / fps)
    assert max(a.level for a in drive.told("microsleep")) is Level.EMERGENCY


@every_rate
def test_pothole_during_a_microsleep_does_not_excuse_it(fps: float) -> None:
    driver = Driver().blinks(0, 60).closes(60, 3).lowers_head(60.1, 0.1, 9, within_s=0.2)
    new = watch(driver.faces(fps, 80)).new("microsleep")
    assert [a.t_s for a in new] == [pytest.approx(61.5, abs=0.05 + 1 / fps)]


@every_rate
def test_nodding_head_is_a_nod_and_an_alarm(fps: float) -> None:
    driver = Driver().blinks(0, 60).closes(60, 1.9).lowers_head(61.2, 0.4, 18, within_s=0.7)
    drive = watch(driver.faces(fps, 80))
    nods = [m for m in drive.of("nod") if isinstance(m, Nod)]
    assert len(nods) == 1
    assert 60.3 < nods[0].start_s < 61.2
    assert 61.6 < nods[0].end_s < 62.5


@every_rate
def test_yawner_gets_a_warning_only_with_heavy_lids(fps: float) -> None:
    lively = Driver().blinks(0, 300)
    tired = Driver(seed=2).blinks(0, 120)
    for at_s in (20, 60, 100):
        for driver in (lively, tired):
            driver.opens_mouth(at_s + 1.5, 3.0, 0.75, 1.5)
    for at_s in range(125, 200, 5):
        tired.closes(at_s, 0.6)
    calm, warned = watch(lively.faces(fps, 200)), watch(tired.faces(fps, 200))
    yawns = [m for m in calm.of("yawn") if isinstance(m, Yawn)]
    assert len(yawns) == 3
    assert all(
        abs(yawn.start_s - at_s) < 1.3 and 2.5 < yawn.end_s - yawn.start_s < 6.5
        for yawn, at_s in zip(yawns, (20, 60, 100), strict=True)
    )
    assert calm.alerts == []
    warning = next(a for a in warned.told("drowsiness") if a.level is Level.WARNING)
    assert warning.evidence["causes"] == ("perclos_advisory", "yawns")


@every_rate
def test_narrow_eyes_that_read_half_shut_when_shut_are_found_asleep_all_the_same(fps: float) -> None:
    """The lids stay at .28 of the open eye, as a wide shut contour of narrow eyes does, and nothing blinks in them."""
    driver = Driver(open=0.22, shut=CLOSED + 0.28 * (0.22 - CLOSED), noise=0.002).blinks(0, 70)
    asleep = watch(driver.closes(80, 12).faces(fps, 110))
    (alert,) = asleep.new("microsleep")
    assert alert.t_s == pytest.approx(86, abs=0.5)
    assert alert.level is Level.EMERGENCY
    assert [a.t_s for a in asleep.told("microsleep") if a.type == "end"] == [pytest.approx(92.5, abs=0.5)]
