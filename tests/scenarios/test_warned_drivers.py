"""What drivers hear and when, from faces to samples, against what the rules ask (table in docs/bus.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from driver import Driver

from edge.config import load_config
from edge.messages import Reason, Speed, Warned
from edge.runtime.decision_stages import DecisionStages
from edge.warning.policy import Cue, StopRepeating, WarningPolicy
from edge.warning.speaker import Player

CONFIG = load_config(Path(__file__).resolve().parents[2] / "configs" / "bus-cab.yaml")
FPS = 15.0
RATE_HZ = 3000
BLOCK = round(RATE_HZ / FPS)


class Ride:
    """One drive of `until_s`, heard to its end."""

    def __init__(self, driver: Driver, until_s: float, kmh: float | None = 60.0) -> None:
        assert CONFIG.warning is not None
        judgement, policy = DecisionStages(CONFIG, "ride"), WarningPolicy(CONFIG.fatigue)
        self._now_s = 0.0
        player = Player(CONFIG.warning, lambda: self._now_s, lambda: False)
        player.tune(RATE_HZ)
        self.sound: list[float] = []
        self.heard: list[Warned] = []
        for face in driver.faces(FPS, until_s):
            self._now_s = face.t_s
            said = [] if kmh is None else judgement.speed(Speed(face.t_s, kmh))
            for message in [*said, *judgement.seen([face], speaking=False)]:
                change = policy.step(message)
                if isinstance(change, Cue):
                    player.play(change)
                elif isinstance(change, StopRepeating):
                    player.hush()
            block = np.empty(BLOCK, np.float32)
            player.fill(block)
            self.sound.append(float(np.abs(block).max()))
            while not player.warnings.empty():
                self.heard.append(player.warnings.get())

    def at(self, signal: str, after_s: float = 0.0) -> float:
        """When a signal first began."""
        return next(w.t_s for w in self.heard if w.signal == signal and w.type == "begin" and w.t_s >= after_s)

    def silent(self, from_s: float, until_s: float) -> bool:
        return max(self.sound[round(from_s * FPS) : round(until_s * FPS)]) == 0.0

    @property
    def begun(self) -> list[str]:
        return [warned.signal for warned in self.heard if warned.type == "begin"]


def test_a_microsleep_is_called_at_its_mark_and_until_the_eyes_are_open() -> None:
    ride = Ride(Driver().closes(70, 5.0).blinks(0, 90), 90)
    assert ride.at("critical") == pytest.approx(71.5, abs=0.1)
    assert ride.begun == ["ready", "critical"]
    assert not ride.silent(71.6, 75.0)
    assert ride.silent(76.2, 90)


def test_who_does_not_wake_for_six_seconds_hears_another_signal_that_does_not_pause() -> None:
    ride = Ride(Driver().closes(70, 12.0).blinks(0, 90), 90)
    assert ride.at("emergency") == pytest.approx(76.0, abs=0.15)
    assert min(ride.sound[round(76.5 * FPS) : round(81.5 * FPS)]) > 0.2
    assert ride.silent(83.5, 90)


def test_a_long_look_away_is_warned_of_by_three_and_a_half_seconds_and_urgently_three_later() -> None:
    ride = Ride(Driver().looks_aside(70, 8.0, 35).blinks(0, 90), 90)
    assert ride.at("advisory") == pytest.approx(73.0, abs=0.4)
    assert ride.at("warning") <= 73.9
    assert ride.at("critical") <= 76.4
    assert ride.silent(80.5, 90)


def test_every_further_look_is_warned_of_anew() -> None:
    driver = Driver().blinks(0, 150)
    for at_s in (70.0, 90.0, 110.0):
        driver.looks_aside(at_s, 4.5, 35)
    ride = Ride(driver, 130)
    assert [ride.at("warning", after_s) - after_s <= 4.0 for after_s in (70.0, 90.0, 110.0)] == [True] * 3


def test_a_failure_is_told_within_ten_seconds_and_again_every_ten_minutes() -> None:
    ride = Ride(Driver().hides(70, 760, Reason.EYES_HIDDEN).blinks(0, 800), 830, kmh=None)
    assert ride.at("blind") == pytest.approx(80.0, abs=0.5)
    again_s = ride.at("blind") + 600.0
    assert ride.silent(again_s - 400, again_s)
    assert not ride.silent(again_s, again_s + 10)


def test_nobody_at_the_wheel_of_a_moving_bus_is_called() -> None:
    ride = Ride(Driver().hides(70, 60, Reason.NO_FACE).blinks(0, 70), 110)
    assert ride.at("critical") == pytest.approx(100.0, abs=0.5)


def test_at_a_stop_nothing_sounds_but_the_chime_at_the_start() -> None:
    ride = Ride(Driver().closes(70, 10.0).looks_aside(90, 10.0, 40).blinks(0, 120), 120, kmh=0.0)
    assert ride.begun == ["ready"]


def test_an_awake_driver_hears_nothing_for_ten_minutes() -> None:
    driver = Driver().blinks(0, 600)
    for at_s in range(20, 600, 9):
        driver.looks_aside(at_s, 1.3, 40)
    assert Ride(driver, 600).begun == ["ready"]
