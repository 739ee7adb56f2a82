"""Looks down with the eyes alone: distraction after three seconds, never a microsleep of a glance."""

from __future__ import annotations

import pytest

from benchmarks.attention.cab import LID_LAWS_DEG, RATES_FPS, Cab, Driver, View
from edge.config import Config
from edge.messages import Level

BUS = Config.model_validate({"purpose": "driver-safety"})
EYES_ONLY = (0.0, 0.0)
every_law = pytest.mark.parametrize("law_deg", LID_LAWS_DEG)


def driven(driver: Driver, until_s: float) -> Cab:
    return Cab(BUS).drives(driver, from_s=0, until_s=until_s, kmh=50)


@every_law
@pytest.mark.parametrize("fps", RATES_FPS)
def test_glances_at_something_low_are_nothing(law_deg: float, fps: float) -> None:
    driver = Driver(View(fps, law_deg)).blinks(0, 30)
    for at_s in range(32, 72, 8):
        driver.turns(at_s, 1.9, EYES_ONLY, (0.0, 42.0))
    assert driven(driver, 75).alerts == []


@every_law
@pytest.mark.parametrize("down_deg", [30.0, 36.0, 42.0])
def test_a_long_look_down_is_told_as_distraction_first(law_deg: float, down_deg: float) -> None:
    driver = (
        Driver(View(15.0, law_deg))
        .blinks(0, 40)
        .turns(40, 2.4, EYES_ONLY, (0.0, down_deg))
        .turns(60, 6, EYES_ONLY, (0.0, down_deg))
    )
    cab = driven(driver, 68)
    first = next(alert for alert in cab.alerts if alert.t_s > 50)
    assert (first.alert, first.level) == ("distraction", Level.ADVISORY) and first.t_s < 64
    assert not [alert for alert in cab.alerts if alert.t_s < 50]


def test_shut_eyes_are_still_a_microsleep() -> None:
    cab = driven(Driver(View(15.0, 50.0)).blinks(0, 39).closes(40, 4), 46)
    assert [(alert.alert, round(alert.t_s, 1)) for alert in cab.alerts[:1]] == [("microsleep", 41.5)]
