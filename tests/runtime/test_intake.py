from __future__ import annotations

import time

from edge.config import Config
from edge.runtime.clock import Clock
from edge.runtime.health import Health
from edge.runtime.intake import Intake
from edge.runtime.judgement import Judgement
from edge.runtime.results import Results
from edge.runtime.situation import Situation


class Later(Clock):
    """A clock that a test moves."""

    later_s = 0.0

    def now_s(self) -> float:
        return super().now_s() + self.later_s


def test_a_source_whose_driver_never_answers_is_found() -> None:
    config = Config.model_validate({"purpose": "driver-safety", "camera": {"uri": "http://127.0.0.1:9/video"}})
    judgement, health, clock = Judgement(config, "run"), Health(), Later()
    intake = Intake(config, clock, health, judgement, Results(judgement, health, Situation(config)))
    assert intake.stuck() is None
    clock.later_s = 61.0
    said = intake.stuck()
    assert said is not None
    assert said.startswith("camera hangs: its driver has not answered for 61 s")


def test_a_call_that_takes_too_long_hangs_and_the_first_has_more_time() -> None:
    health = Health()
    with health.timed("vision"):
        assert health.stuck(time.monotonic() + 60) is None, "a provider prepares its kernels"
    with health.timed("vision"):
        assert health.stuck(time.monotonic() + 9) is None
        said = health.stuck(time.monotonic() + 11)
    assert said is not None
    assert said.startswith("vision hangs: no answer for 11 s")
    assert health.stuck(time.monotonic() + 11) is None
