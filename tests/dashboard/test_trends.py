"""What is summed in SQL comes to what the same messages come to one by one."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from dashboards import write
from made_recording import LENGTH_S, drive

from edge.dashboard.data import trends
from edge.dashboard.data.deserialize import to_wall_clock_message
from edge.dashboard.data.events import fatigue_steps
from edge.dashboard.data.trends import TrendCache
from edge.dashboard.report.json_data import report_figures
from edge.dashboard.report.report_data import from_timeline
from edge.messages import Affect, Alert, Fatigue, Group, Level, Message
from edge.store.reader import TimelineReader

START_S = 1_700_000_040.0
END_S = START_S + LENGTH_S


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> TimelineReader:
    return TimelineReader(write(tmp_path_factory.mktemp("trend") / "t.db", drive(), START_S))


@pytest.mark.parametrize("width_s", [1.0, 7.0, 60.0])
def test_fatigue_in_sql_is_fatigue_message_by_message(reader: TimelineReader, width_s: float) -> None:
    reports = [to_wall_clock_message(record) for record in reader.between("fatigue", START_S, END_S)]
    expected = fatigue_steps([report for report in reports if isinstance(report, Fatigue)], width_s)
    assert trends.fatigue_trend(reader, START_S, END_S, width_s) == expected
    assert width_s == 60 or any(step.perclos_60 is None for step in expected)


def test_what_could_not_be_judged_has_no_level(tmp_path: Path) -> None:
    messages: list[Message] = [Fatigue(0.0, None, Level.NONE, None, None, 0.0), Fatigue(1.0, 1, Level.NONE, 0, 0, 0.5)]
    reader = TimelineReader(write(tmp_path / "t.db", messages, START_S))
    assert [step.level for step in trends.fatigue_trend(reader, START_S, END_S, 1.0)] == [None, Level.NONE]
    assert trends.hours(reader, START_S, END_S)[0].levels == {"unknown": 1.0, "none": 1.0}


def test_scores_and_groups_keep_mean_and_range(tmp_path: Path) -> None:
    scores = {1.0: -0.5, 2.0: 0.1, 70.0: 0.3}
    messages: list[Message] = [
        Affect(t_s, t_s - 1, t_s, score, "neutral", "neutral", {}, 0.8) for t_s, score in scores.items()
    ]
    messages.append(Group(30.0, 20.0, 30.0, 6, 0.5, 0.2, None, -40.0, sounds=("laughter",)))
    messages.append(Group(40.0, 30.0, 40.0, 6, 0.5, 0.2, None, -40.0, sounds=()))
    reader = TimelineReader(write(tmp_path / "t.db", messages, START_S - START_S % 60))
    first, second = trends.score_trend(reader, 0.0, END_S, 60.0)
    assert (first.mean, first.low, first.high, first.count) == (pytest.approx(-0.2), -0.5, 0.1, 2)
    assert second.mean == 0.3
    (group,) = trends.group_trend(reader, 0.0, END_S, 60.0)
    assert (group.negative_share, group.motion, group.noise_db) == (0.5, None, -40.0)
    assert group.sounds == ("laughter",)


def test_the_step_that_is_still_going_on_is_within_what_is_asked_for(tmp_path: Path) -> None:
    """Else the lane of a group or of scores would come and go with the width of the steps."""
    now_s = START_S + 30.0
    messages: list[Message] = [Affect(29.0, 26.0, 29.0, 0.1, "calm", "neutral", {}, 0.8, 1)]
    blocks = TrendCache(TimelineReader(write(tmp_path / "t.db", messages, START_S)))
    for width_s in (1.0, 60.0, 144.0, 3600.0):
        assert len(blocks.steps(trends.score_trend, now_s - 24 * width_s, now_s, width_s)) == 1


def test_an_hour_is_the_sum_of_what_happened_in_it(reader: TimelineReader) -> None:
    hours = trends.hours(reader, START_S - 3500, END_S)
    assert set(hours) == {0, 1}
    assert sum(hour.emotions.get("happy", 0) for hour in hours.values()) == pytest.approx(3.0)
    levels = [hour.levels for hour in hours.values()]
    assert sum(sum(item.values()) for item in levels) == 120
    assert sum(item.get("critical", 0) for item in levels) == 2
    assert sum(hour.alerts.get("microsleep", 0) for hour in hours.values()) == 1


def test_the_seconds_at_each_level_are_those_of_the_report(tmp_path: Path) -> None:
    """Levels change within a second, a second person is there for a while, and an hour ends in the middle."""
    told: list[Message] = [Fatigue(t_s / 4, 1, Level.NONE, 0.1, 0.1, 1.0) for t_s in range(160)]
    told += [Fatigue(40.0 + t_s / 4, 1, Level.CRITICAL, 0.1, 0.1, 1.0) for t_s in range(14)]
    told += [Fatigue(43.5 + t_s, 1, Level.NONE, None, None, 0.0, unknown="lids_unclear") for t_s in range(10)]
    told += [Fatigue(42.2 + t_s, 2, Level.WARNING, 0.1, 0.1, 1.0) for t_s in range(4)]
    path = write(tmp_path / "t.db", sorted(told, key=lambda message: message.t_s), START_S)
    found = trends.hours(TimelineReader(path), START_S - 3560.25, START_S + 60.0)
    levels: dict[str, float] = defaultdict(float)
    for hour in found.values():
        for name, length_s in hour.levels.items():
            levels[name] += length_s
    assert found[0].levels == pytest.approx({"none": 39.75}, abs=1e-3)
    assert levels == pytest.approx({"none": 40.0, "critical": 3.5, "warning": 5.0, "unknown": 5.0}, abs=1e-3)
    assert levels == pytest.approx(report_figures(from_timeline(path, START_S, START_S + 60.0))["level_s"], abs=1e-3)


def test_an_alert_counts_once_however_often_it_is_told(tmp_path: Path) -> None:
    steps: list[Message] = [
        Alert(float(t), "a", type_, "drowsiness", Level.WARNING, 0.0, float(t))  # type: ignore[arg-type]
        for t, type_ in enumerate(("new", "update", "update", "end"))
    ]
    reader = TimelineReader(write(tmp_path / "t.db", steps, START_S))
    assert trends.hours(reader, START_S, END_S)[0].alerts == {"drowsiness": 1.0}
