"""What the live page says beside the level, and since when the level holds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from dashboards import write

from edge.dashboard.data.current_state import CurrentState, outputs
from edge.dashboard.data.events import FatigueStep, held_since
from edge.dashboard.data.queries import TimelineQueries
from edge.dashboard.pages.level_card import can_warn
from edge.messages import Fatigue, Level, Source

GONE = Source(9.0, "speaker", "lost", "it is gone")


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([], None),
        ([Source(0.0, "camera", "lost", "it ended")], None),
        ([Source(0.0, "speaker", "ok")], ("can_warn_yes", ())),
        ([Source(0.0, "speaker", "ok"), GONE], ("can_warn_no", ("speaker lost: it is gone",))),
        ([Source(0.0, "gpio", "ok"), GONE], ("can_warn_yes", ("speaker lost: it is gone",))),
        ([Source(0.0, "warning", "absent", "no section warning")], ("can_warn_no", ("no section warning",))),
    ],
)  # fmt: skip
def test_nothing_is_said_of_warning_that_the_box_did_not_say(sources: list[Source], said: object) -> None:
    assert can_warn(outputs(sources)) == said


def step(second: int, level: Level | None) -> FatigueStep:
    return FatigueStep(float(second), level, None)


def test_a_level_holds_since_it_rose_and_not_over_a_gap() -> None:
    raised = [step(second, Level.ADVISORY if second >= 40 else Level.NONE) for second in range(60)]
    assert held_since(raised) == 40.0
    assert held_since([*raised, step(60, None)]) == 60.0, "unknown, too, has its beginning"
    assert held_since([step(0, Level.NONE), *(step(second, Level.NONE) for second in range(20, 30))]) == 20.0
    assert held_since([]) is None


def test_a_quiet_shift_is_looked_back_for_and_ends_where_the_box_was_off(tmp_path: Path) -> None:
    """Two hours ago the box was switched on; ten minutes ago the lids got heavy for a minute, in another box never."""
    now_s = time.time()
    begun_s = now_s - 7200

    def report(second: int, level: Level = Level.NONE) -> Fatigue:
        return Fatigue(float(second), 1, level, 0.1, 0.1, 1.0)

    quiet = write(tmp_path / "quiet.db", [report(second) for second in range(7200)], begun_s)
    assert _since(quiet) == pytest.approx(begun_s, abs=2.0)
    heavy = [report(second, Level.ADVISORY if 6600 <= second < 6660 else Level.NONE) for second in range(7200)]
    assert _since(write(tmp_path / "heavy.db", [*heavy], begun_s)) == pytest.approx(begun_s + 6660, abs=2.0)


def _since(path: Path) -> float | None:
    state: CurrentState = TimelineQueries(path).state()
    return state.since_s
