"""Eyes that cannot be seen, and who of several people is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from driver import Driver, every_rate, steps_of, watch

from edge.messages import Closure, Face, Fatigue, Level, Reason


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
def test_tunnel_turns_dark(fps: float) -> None:
    """The eyes are shut when the light goes: the closure is known until then and no longer."""
    driver = Driver().blinks(0, 59).closes(59.5, 4).hides(60.5, 40, Reason.DARK)
    drive = watch(driver.faces(fps, 160))
    assert {a.alert for a in drive.alerts} == {"cannot_see_driver"}
    told = steps_of(drive, "cannot_see_driver")
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
    """Shut lids that sink out of sight stay shut: the alarm rises, and lasts until the driver counts as not seen."""
    driver = Driver().blinks(0, 60).closes(60, 60).hides(62, 40, Reason.NO_FACE)
    told = watch(driver.faces(fps, 90)).alerts
    rose = next(a for a in told if a.level is Level.EMERGENCY)
    assert rose.t_s == pytest.approx(66, abs=0.1 + 1 / fps)
    assert rose.evidence["fallen_s"] == pytest.approx(4, abs=0.1 + 2 / fps)
    ended = next(a for a in told if a.type == "end" and a.alert == "microsleep")
    blind = next(a for a in told if a.type == "new" and a.alert == "cannot_see_driver")
    assert ended.t_s == pytest.approx(blind.t_s, abs=0.3)


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
@pytest.mark.parametrize("pause_s", [15.0, 35.0, 120.0])
@pytest.mark.parametrize("asleep_after", [True, False])
def test_pictures_that_stop_during_a_microsleep_end_it(fps: float, pause_s: float, asleep_after: bool) -> None:
    """The box sleeps or the camera hiccups: what follows is another closure, and another alert, or none."""
    again_s = 63 + pause_s
    driver = Driver().blinks(0, 60).closes(60, again_s + 4 - 60 if asleep_after else 10)
    drive = watch([face for face in driver.faces(fps, again_s + 8) if not 63 < face.t_s < again_s])
    told = drive.new("microsleep")
    assert len({alert.id for alert in told}) == len(told)
    assert [alert.start_s for alert in told] == pytest.approx(
        [60, again_s] if asleep_after else [60], abs=0.1 + 1 / fps
    )
    first = next(item for item in drive.messages if isinstance(item, Closure) and item.end_s - item.start_s > 1)
    assert first.end_s == pytest.approx(63, abs=1 / fps)
