from __future__ import annotations

import itertools
from collections.abc import Iterable

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
