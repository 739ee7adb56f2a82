"""What happens at a stop is rest: it counts for nothing once the bus drives on."""

from __future__ import annotations

import pytest
from driver import Driver

from edge.config import Config
from edge.messages import Alert, Attention, Face, Fatigue, Level, Message, Speed
from edge.runtime.decision_stages import DecisionStages

BUS = Config.model_validate({"purpose": "driver-safety"})
FPS = 10.0


class Trip:
    """One drive with a known speed; keeps what is told."""

    def __init__(self) -> None:
        self.decisions, self.told, self.t_s = DecisionStages(BUS, "trip"), list[Message](), 0.0

    def goes_on(self, driver: Driver, until_s: float, kmh: float) -> Trip:
        for face in [face for face in driver.faces(FPS, until_s) if face.t_s >= self.t_s - 1e-9]:
            if face.t_s == int(face.t_s):
                self.told += self.decisions.speed(Speed(face.t_s, kmh))
            self.told += self.decisions.seen([face], speaking=False)
        self.t_s = until_s
        return self

    def alerts(self) -> list[tuple[str, int]]:
        return [(m.alert, round(m.t_s)) for m in self.told if isinstance(m, Alert) and m.type == "new"]


def test_a_rest_with_shut_eyes_does_not_alarm_when_the_bus_drives_on() -> None:
    driver = Driver().blinks(0, 60)
    for at_s in range(70, 240, 10):
        driver.closes(at_s, 8)
    driver.blinks(245, 400)
    trip = Trip().goes_on(driver, 65, 50).goes_on(driver, 245, 0).goes_on(driver, 400, 50)
    assert trip.alerts() == []
    reports = {round(m.t_s): m for m in trip.told if isinstance(m, Fatigue)}
    assert reports[240].valid_ratio > 0.9, "a stop is judged, though it does not count"
    assert reports[399].perclos_60 == pytest.approx(0, abs=0.02)


def test_a_driver_who_is_drowsy_between_stops_is_told_all_the_same() -> None:
    driver = Driver()
    for at_s in range(4, 400, 4):
        driver.closes(at_s, 1.2)
    trip = Trip()
    for start_s in range(0, 400, 100):
        trip.goes_on(driver, start_s + 75, 50).goes_on(driver, start_s + 100, 0)
    assert "drowsiness" in {alert for alert, _ in trip.alerts()}


def test_a_long_look_at_the_stop_is_not_counted_but_a_new_one_is() -> None:
    driver = Driver().blinks(0, 60).looks_aside(65, 25, 45)
    trip = Trip().goes_on(driver, 62, 50).goes_on(driver, 80, 0).goes_on(driver, 100, 30)
    (told,) = trip.alerts()
    assert told[0] == "distraction" and told[1] == pytest.approx(83, abs=1)


def test_eyes_that_shut_before_the_bus_rolls_are_told_as_it_rolls() -> None:
    driver = Driver().blinks(0, 60).closes(66, 8)
    trip = Trip().goes_on(driver, 62, 50).goes_on(driver, 70, 0).goes_on(driver, 80, 6)
    assert trip.alerts() == [("microsleep", 70)]


def test_the_same_look_goes_on_under_a_new_number() -> None:
    judgement, told = DecisionStages(BUS, "trip"), list[Message]()
    first, second = Driver().blinks(0, 40).looks_aside(40, 9, 45), Driver(track=2).looks_aside(40, 9, 45)
    faces = [*first.faces(FPS, 42), *(Face(42 + i / FPS) for i in range(5))]
    for face in [*faces, *(f for f in second.faces(FPS, 55) if f.t_s >= 42.5)]:
        told += judgement.seen([face], speaking=False)
    looks = [m for m in told if isinstance(m, Attention) and m.level is Level.ADVISORY]
    assert looks[0].track == 2 and looks[0].t_s == pytest.approx(43, abs=0.2)
    assert judgement.ahead.head == (pytest.approx(0, abs=1), pytest.approx(0, abs=1))
