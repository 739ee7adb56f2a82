"""Drivers in whom nothing is wrong: the box says nothing."""

from __future__ import annotations

import random

import pytest
from driver import Driver, every_rate, watch

from edge.messages import Closure, Reason


@every_rate
def test_attentive_driver_blinks_normally(fps: float) -> None:
    drive = watch(Driver().blinks(0, 200).faces(fps, 200))
    assert drive.alerts == []
    last = drive.fatigue_at(200)
    assert last.perclos_60 == pytest.approx(0, abs=0.01)
    assert last.valid_ratio > 0.97
    assert len(drive.of("closure")) > 40


@every_rate
def test_driver_who_checks_mirrors(fps: float) -> None:
    driver = Driver().blinks(0, 180)
    for at_s in range(5, 180, 7):
        driver.hides(at_s, 1.3, Reason.TURNED_AWAY)
    drive = watch(driver.faces(fps, 180))
    assert drive.alerts == []
    assert 0.7 < drive.fatigue_at(180).valid_ratio < 0.9


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
@pytest.mark.parametrize("depth", [0.55, 0.62, 0.68, 0.72])
def test_driver_who_blinks_while_squinting_or_laughing(fps: float, depth: float) -> None:
    """Eyes narrowed to a third or a half for half a minute, blinks in it: nobody sleeps."""
    drive = watch(Driver(noise=0.006).blinks(0, 130, every_s=2.5).droops(70, 100, depth).faces(fps, 130))
    assert drive.told("microsleep") == []
    assert all(closure.class_ in ("blink", "long") for closure in drive.of("closure") if isinstance(closure, Closure))
