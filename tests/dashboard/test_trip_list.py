"""The list of trips: drives where the speed is known, runs of the box where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.dashboard.data.trips import trip_summaries
from edge.messages import Alert, Fatigue, Level, Message, Summary, Trip
from edge.run_registry import started
from edge.store import Timeline
from edge.store.reader import TimelineReader

DAY_S = 86_400.0
MONDAY_S = 1_790_000_000.0


def run(path: Path, name: str, start_s: float, messages: list[Message]) -> None:
    timeline = Timeline(path, started(name, start_s))
    for message in messages:
        timeline.write(message)
    timeline.close()


def reports(length_s: int) -> list[Message]:
    return [Fatigue(float(second), 1, Level.NONE, 0.1, 0.1, 1.0) for second in range(0, length_s, 10)]


def summary(start_s: float, end_s: float, ratio: float) -> Summary:
    return Summary(end_s, start_s, end_s, {}, None, None, {}, ratio)


def alert(t_s: float, level: Level, type_: str = "new") -> Alert:
    return Alert(t_s, f"a{t_s:.0f}", type_, "drowsiness", level, t_s, 0.0)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Monday without a speed; on Tuesday the bus drives out and back in one run of the box; on Wednesday it failed."""
    path = tmp_path / "timeline.db"
    run(path, "mon", MONDAY_S, [*reports(7200), alert(600.0, Level.WARNING), alert(700.0, Level.WARNING, "end")])
    tuesday: list[Message] = [
        Trip(900.0, 300.0, 900.0, 9.0),
        Trip(3900.0, 300.0, 3900.0, 52.5),
        Trip(9000.0, 6000.0, 9000.0, None),
        summary(0.0, 3600.0, 0.9),
        summary(3600.0, 7200.0, 0.5),
        alert(100.0, Level.ADVISORY),
        alert(400.0, Level.CRITICAL),
        alert(3000.0, Level.ADVISORY),
    ]
    run(path, "tue", MONDAY_S + DAY_S, [*reports(10_000), *tuesday])
    run(path, "wed", MONDAY_S + 2 * DAY_S, reports(5))
    return path


def test_drives_are_trips_and_a_run_without_a_speed_is_one(path: Path) -> None:
    back, out, monday = trip_summaries(TimelineReader(path), MONDAY_S - DAY_S, MONDAY_S + 3 * DAY_S)
    tuesday_s = MONDAY_S + DAY_S
    assert (out.start_s - tuesday_s, out.end_s - tuesday_s, out.distance_km) == (300.0, 3900.0, 52.5)
    assert (out.alerts, out.gravest, out.alerts_per_hour) == (2, Level.CRITICAL, 2.0), "the one in the depot is not its"
    assert out.judged_ratio == pytest.approx((0.9 * 3300 + 0.5 * 300) / 3600)
    assert (back.start_s - tuesday_s, back.distance_km, back.gravest) == (6000.0, None, None)
    assert (monday.by_speed, monday.start_s, monday.judged_ratio) == (False, MONDAY_S, None)
    assert monday.length_s == pytest.approx(7190.0)
    assert (monday.alerts, monday.gravest) == (1, Level.WARNING)


def test_only_trips_that_touch_the_stretch_are_told(path: Path) -> None:
    assert trip_summaries(TimelineReader(path), MONDAY_S + 2 * DAY_S, MONDAY_S + 3 * DAY_S) == ()
    (monday,) = trip_summaries(TimelineReader(path), MONDAY_S, MONDAY_S + 100.0)
    assert monday.length_s == pytest.approx(7190.0)


def test_no_timeline_has_no_trips(tmp_path: Path) -> None:
    assert trip_summaries(TimelineReader(tmp_path / "none.db"), 0.0, 1.0) == ()
