from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.purpose import ALLOWANCES, Purpose, permitted
from edge.messages import Affect, Alert, Face, Fatigue, Level, Message, Summary, Trip, TripFigures
from edge.summary import Summarizer


def affect(t_s: float, start_s: float, emotion: str, score: float) -> Affect:
    return Affect(t_s, start_s, t_s, score, emotion, "neutral", {}, 1.0)


def alert(t_s: float, kind: str, type_: str) -> Alert:
    return Alert(t_s, "1", type_, kind, Level.WARNING, t_s, 0.0)


def test_a_period_is_summed_up_when_time_leaves_it() -> None:
    summarizer = Summarizer(10)
    messages: list[Message] = [
        *(Face(0.1 * n, 1, usable=True, reason=None) for n in range(31)),
        Face(3.1, 1),
        affect(4.0, 1.0, "happy", 0.5),
        affect(5.0, 4.0, "tired", -0.3),
        Fatigue(5.0, 1, Level.NONE, 0.1, None, 1.0),
        Fatigue(6.0, 1, Level.NONE, 0.3, None, 1.0),
        Fatigue(7.0, 2, Level.NONE, None, None, 0.2),
        alert(8.0, "yawning", "new"),
        alert(9.0, "yawning", "end"),
    ]
    assert not [summary for message in messages for summary in summarizer.step(message)]
    (summary,) = summarizer.step(Face(10.0, 1))
    assert summary == Summary(
        10.0,
        0.0,
        10.0,
        {"happy": 0.75, "tired": 0.25},
        pytest.approx(0.3),
        pytest.approx(0.2),
        {"yawning": 1},
        pytest.approx(0.3),
    )


def test_the_valid_ratio_is_a_share_of_time_whatever_the_camera_delivers() -> None:
    """Ten minutes at 25, at 3 and at 2 pictures a second, and with a hole of half of it."""

    def ratio(times_s: Iterable[float]) -> float:
        summarizer = Summarizer(600)
        told = [s for t_s in times_s for s in summarizer.step(Face(t_s, 1, usable=True, reason=None))]
        return [*told, *summarizer.finish(599.9)][0].valid_ratio

    assert ratio(n / 25 for n in range(15_000)) == pytest.approx(1.0, abs=0.01)
    assert ratio(n / 3 for n in range(1_800)) == pytest.approx(1.0, abs=0.01)
    assert ratio(n / 2 for n in range(1_200)) == 0.0, "nobody's lids can be judged"
    assert ratio(t_s for n in range(15_000) if not 200 <= (t_s := n / 25) < 500) == pytest.approx(0.5, abs=0.01)


def test_the_end_of_a_period_is_not_the_end_of_seeing() -> None:
    summarizer = Summarizer(1)
    told = [s for n in range(100) for s in summarizer.step(Face(n / 10, 1, usable=True, reason=None))]
    assert [s.valid_ratio for s in told][1:] == pytest.approx([1.0] * (len(told) - 1))


def test_a_period_in_which_nothing_happened_claims_nothing() -> None:
    summaries = Summarizer(10).step(Face(35.0))
    assert [(s.start_s, s.end_s) for s in summaries] == [(0, 10), (10, 20), (20, 30)]
    assert summaries[0] == Summary(10.0, 0.0, 10.0, {}, None, None, {}, 0.0)


def test_the_last_period_ends_with_the_run() -> None:
    summarizer = Summarizer(60)
    summarizer.step(affect(2.0, 0.0, "happy", 0.5))
    (last,) = summarizer.finish(4.0)
    assert (last.start_s, last.end_s, last.emotions) == (0.0, 4.0, {"happy": 1.0})
    assert summarizer.finish(4.0) == []


@given(st.lists(st.floats(0, 500), max_size=60), st.floats(10, 100))
def test_periods_follow_each_other_without_gap_and_shares_add_up(times: list[float], every_s: float) -> None:
    summarizer = Summarizer(every_s)
    summaries = [s for t_s in times for s in summarizer.step(affect(t_s, max(0.0, t_s - 1), "happy", 0.1))]
    summaries += summarizer.finish(max(times, default=0.0))
    for before, after in itertools.pairwise(summaries):
        assert before.end_s == after.start_s
    for summary in summaries:
        assert not summary.emotions or sum(summary.emotions.values()) == pytest.approx(1)


def drive(summarizer: Summarizer) -> list[Summary]:
    """Ana starts at 1:40, nearly sleeps at 10:00, turns her face away for a minute and parks at 16:40."""
    messages: list[Message] = [
        *(Face(t / 4, 1, usable=not 700 <= t / 4 < 760, reason=None) for t in range(4 * 2200)),
        Alert(50.0, "0", "new", "drowsiness", Level.ADVISORY, 50.0, 0.0),
        Alert(600.0, "1", "new", "microsleep", Level.WARNING, 598.5, 1.5),
        Alert(601.0, "1", "update", "microsleep", Level.CRITICAL, 598.5, 2.5),
        Alert(604.0, "1", "end", "microsleep", Level.CRITICAL, 598.5, 5.5),
        Alert(900.0, "2", "new", "distraction", Level.WARNING, 899.0, 1.0),
        Alert(1500.0, "3", "new", "distress", Level.WARNING, 1499.0, 1.0),
        *(Trip(t_s, 100.0, t_s, 10.0) for t_s in (130.0, 700.0)),
        Trip(1000.0, 100.0, 1000.0, 15.0),
        Trip(1601.0, 100.0, 1000.0, 15.0, ended=True),
    ]
    messages.sort(key=lambda message: message.t_s)
    return [summary for message in messages for summary in summarizer.step(message)] + summarizer.finish(2200.0)


def test_a_trip_that_ends_ends_the_period_and_has_its_own_figures() -> None:
    summaries = drive(Summarizer(1000))
    assert [(summary.start_s, summary.end_s) for summary in summaries] == [(0, 1000), (1000, 1601), (1601, 2200)]
    first, second, last = (summary.trip for summary in summaries)
    assert first is None and last is None, "the bus stands: no trip"
    assert second == TripFigures(
        start_s=100.0,
        end_s=1000.0,
        distance_km=15.0,
        alerts={"distraction": 1, "microsleep": 1},
        levels={"distraction": "warning", "microsleep": "critical"},
        judged_ratio=pytest.approx(840 / 900, abs=0.02),
    )


def test_the_trip_that_the_ignition_cuts_stands_in_the_last_summary() -> None:
    summarizer = Summarizer(300)
    for t in range(500):
        summarizer.step(Face(float(t), 1, usable=True, reason=None))
    summarizer.step(Trip(480.0, 20.0, 480.0, None))
    (last,) = summarizer.finish(500.0)
    assert last.trip is not None and (last.trip.start_s, last.trip.end_s, last.trip.distance_km) == (20.0, 480.0, None)


def test_without_a_source_of_speed_the_run_is_the_trip() -> None:
    summarizer = Summarizer(300, runs_are_trips=True)
    told = [done for t in range(2800) for done in summarizer.step(Face(t / 4, 1, usable=True, reason=None))]
    assert [done.trip for done in told] == [None, None]
    (end,) = summarizer.finish(700.0)
    assert end.trip is not None and (end.trip.start_s, end.trip.end_s, end.trip.alerts) == (0.0, 700.0, {})
    assert end.trip.judged_ratio > 0.99


def test_a_lesson_has_no_trip_and_a_driver_none_of_the_alerts_that_are_forbidden() -> None:
    figures = TripFigures(
        0.0, 900.0, None, {"mood_shift": 2, "distress": 1}, {"mood_shift": "critical", "distress": "warning"}, 0.9
    )
    summary = Summary(900.0, 0.0, 900.0, {}, None, None, {}, 0.9, trip=figures)
    lesson = permitted(summary, ALLOWANCES[Purpose.CLASSROOM_WELLBEING])
    drive = permitted(summary, ALLOWANCES[Purpose.DRIVER_SAFETY])
    assert isinstance(lesson, Summary) and lesson.trip is None
    assert isinstance(drive, Summary) and drive.trip is not None
    assert (drive.trip.alerts, drive.trip.levels) == ({"distress": 1}, {"distress": "warning"})
