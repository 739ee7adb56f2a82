"""The trial of a release as a pure machine: whatever happens, the box comes back to something proven."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.releases.trial import MOST_STARTS, NoPreviousReleaseError, Probation, ReleaseState, TrialResult

EVENTS = st.lists(st.sampled_from(["install", "start", "crash", "stop", "confirm", "back"]), max_size=60)


def test_the_first_release_has_no_way_back_and_so_no_trial() -> None:
    state = ReleaseState().installed("a", "t0")
    assert state == ReleaseState("a")
    for _ in range(10):
        state = state.started()
    assert state == ReleaseState("a")
    with pytest.raises(NoPreviousReleaseError, match="no earlier release"):
        state.rolled_back()


def test_a_release_that_fails_to_start_is_taken_back_when_its_starts_are_used_up() -> None:
    state = ReleaseState("a").installed("b", "t1")
    for used in range(MOST_STARTS):
        state = state.started()
        assert (state.current, state.starts) == ("b", used + 1)
    assert state.started() == ReleaseState("a", taken_back="b")


def test_a_confirmed_release_may_fail_as_often_as_it_likes() -> None:
    state = ReleaseState("a").installed("b", "t1").started().confirmed()
    for _ in range(10):
        state = state.started()
    assert (state.current, state.previous) == ("b", "a")


def test_clean_stops_never_use_up_the_starts() -> None:
    state = ReleaseState("a").installed("b", "t1")
    for _ in range(10):
        state = state.started().stopped_cleanly()
    assert (state.current, state.starts) == ("b", 0)


def test_an_unproven_release_is_nobodys_way_back() -> None:
    assert ReleaseState("a").installed("b", "t1").started().installed("c", "t2").previous == "a"


@given(EVENTS)
def test_only_what_was_proven_is_gone_back_to_and_a_bad_release_is_started_a_few_times_only(events: list[str]) -> None:
    state, proven, made, failed = ReleaseState().installed("r0", "t0"), {"r0"}, 0, 0
    for event in events:
        before = state
        if event == "install":
            made += 1
            state = state.installed(f"r{made}", f"t{made}")
            failed = 0
        elif event == "start":
            state = state.started()
            failed += 1
        elif event == "stop" and failed:
            state = state.stopped_cleanly()
            failed -= 1
        elif event == "confirm":
            state = state.confirmed()
        elif event == "back" and state.previous is not None:
            state = state.rolled_back()
        if not state.on_trial:
            assert state.current is not None
            proven.add(state.current)
            failed = 0
        assert state.previous is None or state.previous in proven
        assert failed <= MOST_STARTS
        if state.taken_back is not None and before.taken_back is None:
            assert state.current in proven
            assert state.taken_back == before.current
        assert ReleaseState(**dataclasses.asdict(state)) == state


def judge(probation: Probation, wellness: list[bool]) -> list[TrialResult]:
    return [probation.observe(float(second), well) for second, well in enumerate(wellness)]


def test_ten_healthy_minutes_in_a_row_prove_a_release() -> None:
    verdicts = judge(Probation(600.0, 1800.0), [False] * 30 + [True] * 601)
    assert verdicts[-2:] == [TrialResult.OPEN, TrialResult.PROVEN]


def test_one_bad_second_starts_the_ten_minutes_again() -> None:
    verdicts = judge(Probation(600.0, 1800.0), [True] * 600 + [False] + [True] * 601)
    assert TrialResult.PROVEN not in verdicts[:-1]
    assert verdicts[-1] == TrialResult.PROVEN


def test_a_release_that_never_gets_well_is_given_up() -> None:
    verdicts = judge(Probation(600.0, 1800.0), ([True] * 300 + [False]) * 6)
    assert verdicts[1799:1801] == [TrialResult.OPEN, TrialResult.FAILED]


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_it_is_proven_exactly_when_it_was_well_for_long_enough(wellness: list[bool]) -> None:
    verdicts = judge(Probation(5.0, 1000.0), wellness)
    for second, verdict in enumerate(verdicts):
        well = second >= 5 and all(wellness[second - 5 : second + 1])
        assert (verdict == TrialResult.PROVEN) == well


def test_a_verdict_about_another_trial_says_nothing() -> None:
    state = ReleaseState("a").installed("b", "t1").started()
    assert state.judged("t0", proven=False) == state
    assert state.judged("t1", proven=True) == ReleaseState("b", "a")
    assert state.judged("t1", proven=False) == ReleaseState("a", taken_back="b")
    assert state.confirmed().judged("t1", proven=False) == ReleaseState("b", "a")
