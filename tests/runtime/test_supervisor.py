from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.supervisor import FAILURES, MOST_RESTARTS, SAFE_DELAY_S, WITHIN_S, Supervisor


def crash_loop(supervisor: Supervisor, t_s: float = 0.0) -> float:
    """Crash at once after each start, until safe mode."""
    while not supervisor.safe:
        supervisor.crashed(t_s)
        t_s += supervisor.delay_s
        supervisor.begun(t_s)
    return t_s


def test_one_bad_picture_is_no_broken_stage_and_three_in_a_row_are() -> None:
    supervisor = Supervisor()
    for t_s in range(100):
        supervisor.failed(float(t_s))
        supervisor.failed(float(t_s))
        supervisor.worked(float(t_s))
    assert not supervisor.down
    for t_s in range(FAILURES):
        supervisor.failed(100.0 + t_s)
    assert supervisor.down


def test_attempts_come_later_and_later() -> None:
    supervisor, delays_s, t_s = Supervisor(), [], 0.0
    while not supervisor.safe:
        supervisor.crashed(t_s)
        delays_s.append(supervisor.delay_s)
        assert not supervisor.due(t_s + supervisor.delay_s - 0.01)
        t_s += supervisor.delay_s
        assert supervisor.due(t_s)
        supervisor.begun(t_s)
    assert delays_s == [0.5, 1.0, 2.0, 4.0, 8.0, SAFE_DELAY_S]


def test_safe_mode_lasts_until_a_part_has_worked_for_a_minute() -> None:
    supervisor = Supervisor()
    begun_s = crash_loop(supervisor)
    supervisor.worked(begun_s + 1)
    assert supervisor.safe
    supervisor.crashed(begun_s + 2)
    assert supervisor.delay_s == SAFE_DELAY_S, "a single crash in safe mode waits as long again"
    supervisor.begun(begun_s + 400)
    supervisor.worked(begun_s + 400 + WITHIN_S)
    assert not supervisor.safe
    supervisor.crashed(begun_s + 500)
    assert supervisor.delay_s < 10


@given(st.lists(st.floats(0.0, 30.0), min_size=20, max_size=60))
def test_however_it_fails_there_are_never_more_restarts_in_a_minute(lives_s: list[float]) -> None:
    supervisor, t_s, starts_s = Supervisor(), 0.0, []
    for life_s in lives_s:
        t_s += life_s
        supervisor.crashed(t_s)
        t_s += supervisor.delay_s
        supervisor.begun(t_s)
        starts_s.append(t_s)
    for start_s in starts_s:
        assert sum(start_s <= other_s < start_s + WITHIN_S for other_s in starts_s) <= MOST_RESTARTS
