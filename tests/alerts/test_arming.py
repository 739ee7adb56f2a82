"""Armed by speed: against sleep from walking pace on, against the rest from 20 km/h, and always where none is known."""

from __future__ import annotations

import pytest
from alert_steps import CONFIG, fatigue

from edge.alerts.engine import AlertEngine
from edge.alerts.suppression import Arming
from edge.config.decision import ArmingConfig
from edge.messages import Speed

MQTT = ArmingConfig(source="mqtt", topic="speed")


def after(*speeds_kmh: float) -> tuple[bool, bool, bool]:
    arming = Arming(MQTT)
    for t_s, kmh in enumerate(speeds_kmh):
        arming.speed(Speed(float(t_s), kmh))
    return arming.rolling, arming.armed, arming.driving


@pytest.mark.parametrize(
    ("speeds_kmh", "state"),
    [
        ((), (True, True, False)),
        ((0,), (False, False, False)),
        ((0, 4), (False, False, False)),
        ((0, 5), (True, False, False)),
        ((0, 5, 3), (True, False, False)),
        ((0, 5, 2.9), (False, False, False)),
        ((0, 19.9), (True, False, False)),
        ((0, 20), (True, True, True)),
        ((0, 20, 18), (True, True, True)),
        ((0, 20, 17.9), (True, False, False)),
        ((60,), (True, True, True)),
    ],
)
def test_both_thresholds_have_hysteresis(speeds_kmh: tuple[float, ...], state: tuple[bool, bool, bool]) -> None:
    assert after(*speeds_kmh) == state


def test_a_silent_source_arms_but_nobody_knows_that_the_bus_drives() -> None:
    arming = Arming(MQTT)
    arming.speed(Speed(0, 0))
    (told,) = arming.advance(6)
    assert told.state == "lost" and (arming.rolling, arming.armed, arming.driving) == (True, True, False)


def test_each_state_has_its_words() -> None:
    arming = Arming(MQTT)
    told = [source.detail for t_s, kmh in enumerate((0, 8, 30, 8, 1)) for source in arming.speed(Speed(t_s, kmh))]
    assert told == [
        "disarmed below 3 km/h",
        "armed against sleep alone below 18 km/h",
        "armed from 20 km/h",
        "armed against sleep alone below 18 km/h",
        "disarmed below 3 km/h",
    ]


def test_silence_counts_from_the_last_speed_and_is_told_once() -> None:
    arming = Arming(MQTT)
    arming.speed(Speed(1000.5, 0))
    assert arming.advance(1000.5 + MQTT.silent_s) == [] and not arming.armed
    (told,) = arming.advance(1000.6 + MQTT.silent_s)
    assert told.state == "lost" and arming.armed
    assert arming.advance(2000.0) == []


@pytest.mark.parametrize(
    ("kmh", "raised"),
    [(0, []), (8, ["microsleep"]), (30, ["microsleep", "drowsiness"])],
    ids=["stands", "rolls", "drives"],
)
def test_sleep_is_told_at_walking_pace_and_drowsiness_only_in_traffic(kmh: float, raised: list[str]) -> None:
    arming = Arming(MQTT)
    arming.speed(Speed(0.0, kmh))
    told = [
        alert.alert
        for cause in ("microsleep", "perclos_critical")
        for alert in AlertEngine(CONFIG, "s", arming).step(fatigue(1.0, cause))
    ]
    assert told == raised


def test_a_source_that_never_speaks_is_told_after_the_same_silence() -> None:
    arming = Arming(MQTT)
    assert arming.advance(100.0) == [] and arming.advance(100.0 + MQTT.silent_s) == []
    (told,) = arming.advance(100.1 + MQTT.silent_s)
    assert (told.t_s, told.source, told.state) == (100.1 + MQTT.silent_s, "speed", "lost")


def test_a_bus_at_speed_whose_source_falls_silent_stays_armed_and_a_new_speed_counts_again() -> None:
    arming = Arming(MQTT)
    arming.speed(Speed(0.0, 60.0))
    arming.advance(60.0)
    assert (arming.rolling, arming.armed, arming.driving) == (True, True, False)
    (heard,) = arming.speed(Speed(61.0, 60.0))
    assert (heard.t_s, heard.source, heard.state, arming.driving) == (61.0, "speed", "ok", True)
    assert arming.advance(61.0 + MQTT.silent_s) == []
    assert [told.state for told in arming.advance(61.1 + MQTT.silent_s)] == ["lost"], "each silence is told"


def test_without_a_source_of_speed_no_silence_is_told() -> None:
    assert Arming(ArmingConfig()).advance(1000.0) == [] == Arming(ArmingConfig()).advance(0.0)
