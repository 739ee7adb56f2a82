"""What the box must say, and must not say, about drivers we all know."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from driver import Drive, Driver, watch

from edge.fatigue.baseline import CLOSED
from edge.messages import Closure, Face, Fatigue, Level, Nod, Reason, Yawn

RATES_FPS = (30.0, 15.0, 8.0)
every_rate = pytest.mark.parametrize("fps", RATES_FPS)


def steps(drive: Drive, kind: str) -> list[tuple[str, Level, float]]:
    """New, level changes and end of one kind, with their times."""
    told: list[tuple[str, Level, float]] = []
    for alert in drive.told(kind):
        if alert.type != "update" or alert.level != told[-1][1]:
            told.append((alert.type, alert.level, alert.t_s))
    return told


@every_rate
def test_attentive_driver_blinks_normally(fps: float) -> None:
    drive = watch(Driver().blinks(0, 200).faces(fps, 200))
    assert drive.alerts == []
    last = drive.fatigue_at(200)
    assert last.perclos_60 == pytest.approx(0, abs=0.01)
    assert last.valid_ratio > 0.97
    assert len(drive.of("closure")) > 40


@every_rate
def test_long_haul_driver_nods_off(fps: float) -> None:
    """Eyes fall shut at 90 s for 7 s; the head sinks a second later."""
    driver = Driver().closes(90, 7).lowers_head(91.5, 2.5, 19, within_s=0.7).blinks(0, 120)
    drive = watch(driver.faces(fps, 120))
    told = steps(drive, "microsleep")
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
def test_driver_with_sunglasses(fps: float) -> None:
    """Whatever the lids seem to do behind dark glasses, only the blindness is told."""
    driver = Driver().hides(0, 300, Reason.EYES_HIDDEN).closes(20, 30).closes(80, 8)
    drive = watch(driver.faces(fps, 120))
    assert [(a.type, a.alert) for a in drive.alerts] == [("new", "cannot_see_driver"), ("end", "cannot_see_driver")]
    assert drive.alerts[0].t_s == pytest.approx(10, abs=1 / fps)
    last = drive.fatigue_at(120)
    assert (last.perclos_60, last.valid_ratio, last.causes) == (None, 0.0, ())


@every_rate
def test_driver_who_checks_mirrors(fps: float) -> None:
    driver = Driver().blinks(0, 180)
    for at_s in range(5, 180, 7):
        driver.hides(at_s, 1.3, Reason.TURNED_AWAY)
    drive = watch(driver.faces(fps, 180))
    assert drive.alerts == []
    assert 0.7 < drive.fatigue_at(180).valid_ratio < 0.9


@every_rate
def test_tunnel_turns_dark(fps: float) -> None:
    """The eyes are shut when the light goes: the closure is known until then and no longer."""
    driver = Driver().blinks(0, 59).closes(59.5, 4).hides(60.5, 40, Reason.DARK)
    drive = watch(driver.faces(fps, 160))
    assert {a.alert for a in drive.alerts} == {"cannot_see_driver"}
    told = steps(drive, "cannot_see_driver")
    assert told[0][2] == pytest.approx(70.5, abs=1.5 / fps)
    assert told[1][2] == pytest.approx(120.5, abs=1.0)
    cut = [m for m in drive.of("closure") if isinstance(m, Closure) and m.class_ != "blink"]
    assert [c.class_ for c in cut] == ["long"]
    assert cut[0].end_s == pytest.approx(60.5, abs=1.5 / fps)
    dark = drive.fatigue_at(99)
    assert dark.perclos_60 is None
    assert dark.valid_ratio < 0.4


@every_rate
def test_sleeper_whose_head_sinks_out_of_the_picture(fps: float) -> None:
    """The alarm outlasts the loss, without rising, until the driver counts as not seen."""
    driver = Driver().blinks(0, 60).closes(60, 60).hides(62, 40, Reason.NO_FACE)
    told = watch(driver.faces(fps, 90)).alerts
    assert max(a.level for a in told) is Level.CRITICAL
    ended = next(a for a in told if a.type == "end" and a.alert == "microsleep")
    blind = next(a for a in told if a.type == "new" and a.alert == "cannot_see_driver")
    assert ended.t_s == pytest.approx(blind.t_s, abs=0.3)
    assert not any("unresponsive" in a.evidence["causes"] for a in told)


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
    levels = [level for _, level, _ in steps(drive, "drowsiness")][:3]
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
        return [(kind, type_, level, t_s) for kind in kinds for type_, level, t_s in steps(drive, kind)]

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
def test_bumpy_road_loses_the_face_again_and_again(fps: float) -> None:
    rng, driver = random.Random(3), Driver().blinks(0, 180)
    for _ in range(60):
        driver.hides(rng.uniform(0, 180), rng.uniform(0.1, 0.8), rng.choice([Reason.BLURRED, Reason.NO_FACE]))
    assert watch(driver.faces(fps, 180)).alerts == []


@every_rate
def test_singer_at_the_wheel(fps: float) -> None:
    drive = watch(Driver().blinks(0, 120).sings(5, 110).faces(fps, 120))
    assert drive.of("yawn") == []
    assert drive.alerts == []


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


def test_passenger_sleeps_and_the_driver_does_not() -> None:
    driver, passenger = Driver().blinks(0, 80), Driver(track=2, seed=5).closes(30, 20)
    faces = [face for pair in zip(driver.faces(15, 80), passenger.faces(15, 80), strict=True) for face in pair]
    drive = watch(faces)
    assert {a.evidence["track"] for a in drive.alerts} == {2}
    assert len(drive.new("microsleep")) == 1
    reported = [m for m in drive.messages if isinstance(m, Fatigue) and m.track == 1]
    assert len(reported) == 80


def test_driver_change_starts_anew() -> None:
    first = list(Driver(open=0.38).blinks(0, 60).faces(15, 60))
    second = [replace(face, t_s=face.t_s + 70, track=2) for face in Driver(open=0.22).blinks(0, 60).faces(15, 60)]
    between = [Face(60 + index / 15) for index in range(150)]
    drive = watch([*first, *between, *second])
    assert {a.alert for a in drive.alerts} <= {"cannot_see_driver"}
    assert drive.fatigue_at(129).evidence["baseline"] == pytest.approx(0.22, abs=0.02)


def test_face_lost_for_long_becomes_unknown() -> None:
    drive = watch(Driver().blinks(0, 60).hides(60, 100, Reason.NO_FACE).faces(10, 150))
    reports = [m for m in drive.messages if isinstance(m, Fatigue) and m.t_s > 61]
    ratios = [m.valid_ratio for m in reports]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] == 0
    assert all(m.perclos_60 is None for m in reports if m.t_s > 91)
    assert reports[-1].track is None


@every_rate
@pytest.mark.parametrize("depth", [0.55, 0.62, 0.68, 0.72])
def test_driver_who_blinks_while_squinting_or_laughing(fps: float, depth: float) -> None:
    """Eyes narrowed to a third or a half for half a minute, blinks in it: nobody sleeps."""
    drive = watch(Driver(noise=0.006).blinks(0, 130, every_s=2.5).droops(70, 100, depth).faces(fps, 130))
    assert drive.told("microsleep") == []
    assert all(closure.class_ in ("blink", "long") for closure in drive.of("closure") if isinstance(closure, Closure))


@every_rate
def test_narrow_eyes_that_read_half_shut_when_shut_are_found_asleep_all_the_same(fps: float) -> None:
    """The lids stay at .28 of the open eye, as a wide shut contour of narrow eyes does, and nothing blinks in them."""
    driver = Driver(open=0.22, shut=CLOSED + 0.28 * (0.22 - CLOSED), noise=0.002).blinks(0, 70)
    asleep = watch(driver.closes(80, 12).faces(fps, 110))
    (alert,) = asleep.new("microsleep")
    assert alert.t_s == pytest.approx(86, abs=0.5)
    assert alert.level is Level.EMERGENCY
    assert [a.t_s for a in asleep.told("microsleep") if a.type == "end"] == [pytest.approx(92.5, abs=0.5)]
