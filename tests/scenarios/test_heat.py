"""What a box sheds, over the hours of a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from edge.config.appliance import ThermalConfig
from edge.messages import Source
from edge.runtime.degradation import LEAST_HZ, Shedding, ThermalBands, Workload
from edge.runtime.sources import FrameRateLimit


@dataclass
class Day:
    """A camera of `camera_hz` and a vision that manages `can_hz`, half as much again without expressions."""

    camera_hz: float = 30.0
    can_hz: float = 40.0
    celsius: float = 60.0
    t_s: float = 0.0
    said: list[Source] = field(default_factory=list)
    diets: list[Workload] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._bands, self._shedding = ThermalBands(ThermalConfig()), Shedding()

    def last(self, seconds: int, celsius: float | None = None) -> Workload:
        """Let time pass, the temperature on its way to `celsius`."""
        for second in range(seconds):
            self.t_s += 1.0
            now_c = self.celsius + ((celsius or self.celsius) - self.celsius) * (second + 1) / seconds
            came_hz = min(self.camera_hz, self._shedding.workload.most_hz or self.camera_hz)
            can_hz = self.can_hz * (1.0 if self._shedding.workload.expressions else 1.5)
            band = self._bands.step(self.t_s, now_c)
            self.said += self._shedding.step(self.t_s, band, self._bands.celsius, came_hz, min(came_hz, can_hz))
            self.diets.append(self._shedding.workload)
        self.celsius = celsius or self.celsius
        return self._shedding.workload

    def words(self) -> list[tuple[str, str]]:
        return [(source.state, source.detail) for source in self.said]


def test_a_summer_day_in_a_bus() -> None:
    day = Day()
    assert day.last(3600) == Workload()
    assert day.last(1800, 85.0) == Workload(most_hz=15.0), "the morning sun on the windscreen"
    assert day.last(600, 98.0) == Workload(most_hz=10.0, expressions=False), "a traffic jam at noon"
    assert day.last(300, 102.0) == Workload(most_hz=10.0, expressions=False, words=False), "the fan is clogged"
    assert day.last(1200, 92.0) == Workload(most_hz=10.0, expressions=False), "the bus drives again"
    assert day.last(1200, 84.0) == Workload(most_hz=15.0)
    assert day.last(1200, 70.0) == Workload(), "the evening"
    assert [state for state, _ in day.words()] == ["absent", "absent", "lost", "absent", "absent", "ok"]
    assert day.words()[2][1].startswith(
        "at most 10 pictures a second, no expressions, no words: the box is hot (danger)"
    )


def test_clouds_that_come_and_go_change_nothing() -> None:
    day = Day()
    day.last(600, 82.0)
    for _ in range(60):
        day.last(30, 77.0)
        day.last(30, 82.0)
    assert len(day.said) == 1


def test_a_slow_processor_gives_up_expressions_and_keeps_words_when_that_is_enough() -> None:
    day = Day(can_hz=8.0)
    assert day.last(4) == Workload()
    assert day.last(60) == Workload(expressions=False)
    assert day.last(3600) == Workload(expressions=False), "12 pictures a second are enough, but no room to take it back"
    assert day.words() == [("absent", "no expressions: vision cannot keep up")]


def test_a_busy_minute_is_over_and_all_is_taken_back() -> None:
    day = Day(can_hz=4.0)
    assert day.last(30) == Workload(expressions=False, words=False)
    day.can_hz = 40.0
    assert day.last(50) == Workload(expressions=False, words=False), "not at the first calm second"
    assert day.last(100) == Workload()
    assert day.words()[-1] == ("ok", "")


def test_a_slow_camera_is_no_load() -> None:
    assert Day(camera_hz=7.0).last(600) == Workload()


def test_a_camera_that_is_away_is_no_load() -> None:
    assert Day(camera_hz=0.0).last(600) == Workload()


def test_a_hot_box_still_has_the_pictures_that_eyes_need() -> None:
    day = Day()
    day.last(3600, 120.0)
    assert min(diet.most_hz or 30.0 for diet in day.diets) == LEAST_HZ


@pytest.mark.parametrize(("camera_hz", "most_hz", "expected"), [(30, 15.0, 150), (30, 10.0, 100), (25, 15.0, 150)])
def test_pictures_are_let_through_evenly(camera_hz: int, most_hz: float, expected: int) -> None:
    pace = FrameRateLimit()
    pace.most_hz = most_hz
    taken_s = [n / camera_hz for n in range(10 * camera_hz) if pace.admits(n / camera_hz)]
    assert abs(len(taken_s) - expected) <= 0.17 * expected
    assert max(b - a for a, b in pairwise(taken_s)) <= 1.01 / camera_hz + 1 / most_hz
