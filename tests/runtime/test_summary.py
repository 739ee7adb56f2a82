from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages import Affect, Alert, Face, Fatigue, Level, Message, Summary
from edge.runtime.summary import Summarizer


def affect(t_s: float, start_s: float, emotion: str, score: float) -> Affect:
    return Affect(t_s, start_s, t_s, score, emotion, "neutral", {}, 1.0)


def alert(t_s: float, kind: str, type_: str) -> Alert:
    return Alert(t_s, "1", type_, kind, Level.WARNING, t_s, 0.0)


def test_a_period_is_summed_up_when_time_leaves_it() -> None:
    summarizer = Summarizer(10)
    messages: list[Message] = [
        Face(0.0, 1, usable=True, reason=None),
        Face(1.0, 1),
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
        10.0, 0.0, 10.0, {"happy": 0.75, "tired": 0.25}, pytest.approx(0.3), pytest.approx(0.2), {"yawning": 1}, 0.5
    )


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
