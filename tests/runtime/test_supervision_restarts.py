from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.supervision import FAILURES, MOST_RESTARTS, SAFE_DELAY_S, WITHIN_S, Restarts


def crash_loop(restarts: Restarts, t_s: float = 0.0) -> float:
    """Crash at once after each start, until safe mode."""
    while not restarts.safe:
        restarts.crashed(t_s)
        t_s += restarts.delay_s
        restarts.begun(t_s)
    return t_s


def test_one_bad_picture_is_no_broken_stage_and_three_in_a_row_are() -> None:
    restarts = Restarts()
    for t_s in range(100):
        restarts.failed(float(t_s))
        restarts.failed(float(t_s))
        restarts.worked(float(t_s))
    assert not restarts.down
    for t_s in range(FAILURES):
        restarts.failed(100.0 + t_s)
    assert restarts.down


def test_attempts_come_later_and_later() -> None:
    restarts, delays_s, t_s = Restarts(), [], 0.0
    while not restarts.safe:
        restarts.crashed(t_s)
        delays_s.append(restarts.delay_s)
        assert not restarts.due(t_s + restarts.delay_s - 0.01)
        t_s += restarts.delay_s
        assert restarts.due(t_s)
        restarts.begun(t_s)
    assert delays_s == [0.5, 1.0, 2.0, 4.0, 8.0, SAFE_DELAY_S]


def test_safe_mode_lasts_until_a_part_has_worked_for_a_minute() -> None:
    restarts = Restarts()
    begun_s = crash_loop(restarts)
    restarts.worked(begun_s + 1)
    assert restarts.safe
    restarts.crashed(begun_s + 2)
    assert restarts.delay_s == SAFE_DELAY_S, "a single crash in safe mode waits as long again"
    restarts.begun(begun_s + 400)
    restarts.worked(begun_s + 400 + WITHIN_S)
    assert not restarts.safe
    restarts.crashed(begun_s + 500)
    assert restarts.delay_s < 10


@given(st.lists(st.floats(0.0, 30.0), min_size=20, max_size=60))
def test_however_it_fails_there_are_never_more_restarts_in_a_minute(lives_s: list[float]) -> None:
    restarts, t_s, starts_s = Restarts(), 0.0, []
    for life_s in lives_s:
        t_s += life_s
        restarts.crashed(t_s)
        t_s += restarts.delay_s
        restarts.begun(t_s)
        starts_s.append(t_s)
    for start_s in starts_s:
        assert sum(start_s <= other_s < start_s + WITHIN_S for other_s in starts_s) <= MOST_RESTARTS
