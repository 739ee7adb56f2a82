from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.dashboard.data.calendar import TimeWindow, day_named, day_of, days_back

NOW_S = 1_700_000_000.0


def test_it_follows_the_present_until_somebody_goes_elsewhere() -> None:
    span = TimeWindow(600.0)
    assert span.ends(NOW_S) == (NOW_S - 600, NOW_S)
    earlier = span.moved(-1, NOW_S)
    assert earlier.ends(NOW_S + 50) == (NOW_S - 900, NOW_S - 300)
    assert earlier.moved(1, NOW_S).end_s is None
    assert earlier.redraw_s > span.redraw_s


def test_a_zoom_is_a_part_of_it() -> None:
    assert TimeWindow(1000.0, NOW_S, (0.25, 0.5)).zoomed(NOW_S) == (NOW_S - 750, NOW_S - 500)


@given(st.lists(st.sampled_from(["longer", "shorter", "earlier", "later"]), max_size=40))
def test_wherever_one_goes_it_stays_a_stretch_of_the_past(steps: list[str]) -> None:
    span = TimeWindow()
    for step in steps:
        if step in {"longer", "shorter"}:
            span = span.scaled(2.0 if step == "longer" else 0.5, NOW_S)
        else:
            span = span.moved(-1 if step == "earlier" else 1, NOW_S)
        start_s, end_s = span.ends(NOW_S)
        assert 60 <= end_s - start_s <= 48 * 3600
        assert end_s <= NOW_S


def test_days_follow_one_another_without_a_gap() -> None:
    days = days_back(NOW_S, 400)
    assert all(one.end_s == other.start_s for one, other in pairwise(days))
    assert days[-1].start_s <= NOW_S < days[-1].end_s
    assert day_of(NOW_S) == days[-1] == day_named(days[-1].name)
    assert days[-1].hour_of(0) == 0
    assert {day.end_s - day.start_s for day in days} <= {23 * 3600, 24 * 3600, 25 * 3600}


@given(st.text(max_size=12))
def test_what_names_no_day_is_none(name: str) -> None:
    found = day_named(name)
    assert found is None or found.start_s < found.end_s
