"""Closures from spans of lids: what counts at once, what waits, what is none."""

from __future__ import annotations

import pytest

from edge.fatigue.closures import (
    FAR_DEG,
    GAPING,
    HIDDEN,
    MOVED_DEG,
    SEEING,
    STIR,
    ClosureTracker,
    IrisCheck,
    LookDownGuard,
)
from edge.fatigue.eyelid_spans import HALF_SHUT, SLOW_S, LidSpan

LOOK_DOWN_S, UNRESPONSIVE_S, CLOSED_BELOW = 3.0, 6.0, 0.3


class Lids:
    """A tracker that is fed spans of a tenth of a second."""

    def __init__(self) -> None:
        self.tracker = ClosureTracker(LOOK_DOWN_S, UNRESPONSIVE_S, CLOSED_BELOW)
        self.t_s = 0.0
        self.counted: list[LidSpan] = []

    def are(self, closed: bool, for_s: float, openness: float = 0.1, seen: bool = True) -> Lids:
        for _ in range(round(for_s * 10)):
            span = LidSpan(self.t_s, self.t_s + 0.1, closed, seen, openness)
            self.counted += self.tracker.step(span).spans
            self.t_s += 0.1
        return self

    @property
    def run_s(self) -> float | None:
        return None if self.tracker.run is None else round(self.tracker.run.duration_s, 3)

    def closed_s(self) -> float:
        return round(sum(span.duration_s for span in self.counted if span.closed), 3)


def irises(radius: float, contour: float = 0.1, start_s: float = 0.0) -> IrisCheck:
    check = IrisCheck()
    check.observe(0.5, 5.0, 5.0)
    check.lids_went_down(1.0)
    for t_s in (1.1, 1.2, 1.3):
        check.observe(start_s + t_s, radius, contour)
    return check


@pytest.mark.parametrize(
    ("radius", "contour", "sees", "hidden", "contradicts"),
    [
        (SEEING, 0.1, True, False, False),
        (SEEING - 0.01, 0.1, False, False, False),
        (HIDDEN, 0.1, False, True, False),
        (HIDDEN + 0.01, 0.1, False, False, False),
        (HIDDEN, 0.9, False, True, False),
        (0.93, GAPING + 0.01, False, False, True),
        (0.93, GAPING - 0.01, False, False, False),
        (SEEING, 0.9, True, False, True),
    ],
)
def test_irises_tell_lids_that_follow_a_gaze_from_lids_that_hide_the_eye(
    radius: float, contour: float, sees: bool, hidden: bool, contradicts: bool
) -> None:
    check = irises(radius, contour)
    assert (check.see, check.hidden, check.contradict) == (sees, hidden, contradicts)


def test_irises_count_from_the_fall_of_the_lids_until_they_rise_and_say_nothing_unseen() -> None:
    check = IrisCheck()
    check.observe(1.0, 0.5, 0.1)
    check.observe(1.1, 1.0, 0.7)
    check.lids_went_down(1.0)
    assert check.see and check.contradict, "the frame after the fall counts, the one at it does not"
    check.observe(1.2, None, 0.7)
    assert check.see and check.contradict, "a frame without an iris still has a contour"
    check.observe(1.3, 0.5, 0.1)
    assert check.hidden and not check.see
    check.lids_went_up()
    assert not (check.see or check.hidden or check.contradict)
    check.observe(1.4, 1.0, 0.9)
    assert not check.see


def test_a_blink_on_the_way_down_does_not_hide_that_the_irises_see() -> None:
    """A driver who reads the instruments blinks: of four frames at 8 a second one shows a small iris."""
    check = IrisCheck()
    check.lids_went_down(1.0)
    for index, radius in enumerate((0.8, 1.0, 0.98, 0.99)):
        check.observe(1.1 + index / 8, radius, 0.2)
    assert check.see and not check.hidden
    for index in range(3):
        check.observe(1.6 + index / 8, 0.8, 0.1)
    assert not check.see, "most of the frames show shut lids"


def test_a_memory_of_irises_is_as_long_as_the_fall_may_lie_back() -> None:
    check = IrisCheck()
    check.observe(0.0, 0.5, 0.1)
    check.observe(0.95, 1.0, 0.1)
    check.lids_went_down(-1.0)
    assert check.see


def test_a_closure_runs_from_its_fall_and_is_counted_once_it_is_slow() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.2)
    assert (lids.run_s, lids.closed_s(), lids.tracker.down, lids.tracker.open_s) == (0.2, 0.0, True, 0.0)
    lids.are(True, 0.1)
    assert lids.closed_s() == 0.3
    lids.are(True, 0.5)
    assert (lids.run_s, lids.closed_s()) == (0.8, 0.8)
    settled = lids.tracker.step(LidSpan(lids.t_s, lids.t_s + 0.5, False))
    assert settled.ended is not None and settled.ended.whole
    assert (round(settled.ended.start_s, 3), round(settled.ended.duration_s, 3)) == (1.0, 0.8)
    assert settled.ended.openness == pytest.approx(0.1)
    assert (lids.tracker.down, lids.tracker.run, lids.tracker.open_s) == (False, None, pytest.approx(0.5))


def test_a_blink_counts_as_open() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.2)
    settled = lids.tracker.step(LidSpan(lids.t_s, lids.t_s + 0.1, False))
    assert [(span.closed, round(span.duration_s, 3)) for span in settled.spans] == [(False, 0.2), (False, 0.1)]
    assert settled.ended is not None and settled.ended.duration_s < SLOW_S


def test_a_closure_whose_start_was_missed_is_not_whole() -> None:
    lids = Lids().are(True, 0.5)
    settled = lids.tracker.step(LidSpan(lids.t_s, lids.t_s + 0.1, False))
    assert settled.ended is not None and not settled.ended.whole


def test_half_shut_lids_count_after_six_seconds_without_a_blink() -> None:
    lids = Lids().are(False, 1.0).are(True, UNRESPONSIVE_S - 0.1, HALF_SHUT + 0.02)
    assert lids.run_s is None and lids.closed_s() == 0.0
    lids.are(True, 0.2, HALF_SHUT + 0.02)
    assert lids.run_s == 6.1 and lids.closed_s() == 6.1


def test_a_blink_within_a_squint_lets_it_wait_again() -> None:
    lids = Lids().are(False, 1.0).are(True, 5.0, 0.29).are(True, 0.1, 0.29 - STIR - 0.02)
    lids.are(True, 5.8, 0.29)
    assert lids.run_s is None
    lids.are(True, 0.3, 0.29)
    assert lids.run_s is not None


def test_a_blink_within_a_laugh_makes_no_closure_of_its_half_shut_lids() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.4, 0.29).are(True, 0.3, 0.0).are(True, 1.0, 0.29)
    run = lids.tracker._run
    assert run is not None and run.openness < HALF_SHUT, "the blink lowers the mean"
    assert lids.run_s is None
    assert Lids().are(False, 1.0).are(True, 0.4, 0.29).are(True, 1.2, 0.05).run_s == 1.6, "shut most of the time"


def test_a_fall_of_the_lids_that_is_noise_lets_nothing_wait() -> None:
    lids = Lids().are(False, 1.0).are(True, 5.0, 0.29).are(True, 0.1, 0.29 - STIR + 0.02).are(True, 1.0, 0.29)
    assert lids.run_s is not None


def test_lids_that_are_wider_open_than_shut_ones_can_be_never_count() -> None:
    assert Lids().are(False, 1.0).are(True, 20.0, CLOSED_BELOW + 0.01).run_s is None


def test_half_shut_lids_over_hidden_irises_are_shut() -> None:
    lids = Lids().are(False, 1.0)
    lids.are(True, 0.1, 0.28)
    for index in range(10):
        lids.tracker.iris_check.observe(1.1 + index / 10, 0.8, 0.3)
        lids.are(True, 0.1, 0.28)
    assert lids.run_s == 1.1


def test_irises_that_see_hold_a_closure_back_until_a_driver_would_be_unresponsive() -> None:
    lids = Lids().are(False, 1.0)
    for index in range(58):
        lids.are(True, 0.1)
        lids.tracker.iris_check.observe(1.05 + index / 10, 1.0, 0.1)
    assert lids.run_s is None and lids.tracker.looks_down and lids.closed_s() == 0.0
    lids.are(True, 0.3)
    assert lids.run_s == 6.1 and not lids.tracker.looks_down


def test_a_head_that_bends_with_the_lids_holds_a_closure_back_for_three_seconds() -> None:
    lids = Lids()
    for index in range(10):
        lids.tracker.guard.observe(index / 10, 0.0)
        lids.are(False, 0.1)
    for index in range(10, 39):
        lids.are(True, 0.1)
        lids.tracker.guard.observe(index / 10, 12.0)
    assert lids.tracker.looks_down and lids.run_s is None
    lids.are(True, 0.2)
    assert not lids.tracker.looks_down and lids.run_s == 3.1


def test_a_glance_shorter_than_a_blink_is_no_look_down() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.2)
    lids.tracker.iris_check.observe(1.1, 1.0, 0.1)
    assert not lids.tracker.looks_down
    lids.are(True, 0.1)
    assert lids.tracker.looks_down


def test_contour_and_irises_against_the_net_are_told_by_their_time_and_never_count() -> None:
    lids = Lids().are(False, 1.0)
    assert lids.tracker.contradicted_s == 0.0
    lids.are(True, 0.5)
    lids.tracker.iris_check.observe(1.2, 0.93, 0.9)
    assert lids.tracker.contradicted_s == pytest.approx(0.5)
    lids.are(True, 10.0)
    assert lids.run_s is None and lids.tracker.contradicted_s == pytest.approx(10.5)


def test_a_fallen_head_lengthens_a_slow_closure_and_no_blink() -> None:
    slow, blink = Lids().are(False, 1.0).are(True, 0.3), Lids().are(False, 1.0).are(True, 0.2)
    for lids in (slow, blink):
        lids.tracker.fall(2.0)
    assert (slow.tracker.fallen_s, slow.run_s) == (pytest.approx(0.7), 1.0)
    assert slow.tracker.run is not None and slow.tracker.run.openness == pytest.approx(0.1)
    assert (blink.tracker.fallen_s, blink.run_s) == (0.0, 0.2)
    slow.tracker.fall(2.5)
    assert (slow.tracker.fallen_s, slow.run_s) == (pytest.approx(1.2), 1.5)


def test_half_shut_lids_and_eyes_that_see_are_not_continued_by_a_fallen_head() -> None:
    half, sees = Lids().are(False, 1.0).are(True, 0.5, 0.29), Lids().are(False, 1.0).are(True, 0.5)
    sees.tracker.iris_check.observe(1.3, 1.0, 0.1)
    for lids in (half, sees):
        lids.tracker.fall(2.0)
        assert lids.tracker.fallen_s == 0.0
    nobody = Lids().are(False, 1.0)
    nobody.tracker.fall(2.0)
    assert nobody.tracker.fallen_s == 0.0 and not nobody.tracker.down


@pytest.mark.parametrize(("gap_s", "goes_on"), [(0.4, True), (0.5, False)])
def test_lids_that_are_still_shut_after_a_fall_go_on_with_the_closure(gap_s: float, goes_on: bool) -> None:
    lids = Lids().are(False, 1.0).are(True, 0.5)
    lids.tracker.fall(2.0)
    settled = lids.tracker.step(LidSpan(2.0 + gap_s - 0.01, 2.5 + gap_s, True, True, 0.1))
    assert (settled.ended is None) == goes_on
    assert (lids.tracker.fallen_s > 0) == goes_on


def test_a_span_that_does_not_continue_the_closure_ends_it_where_it_was_seen_last() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.5)
    settled = lids.tracker.step(LidSpan(1.6, 1.7, True, True, 0.1))
    assert settled.ended is not None and not settled.ended.whole
    assert settled.ended.end_s == pytest.approx(1.5)


def test_open_eyes_out_of_sight_are_unknown_after_a_gap_and_a_closure_after_the_bridge() -> None:
    lids = Lids().are(False, 1.0)
    lids.tracker.unseen(0.4)
    assert lids.tracker.open_s == pytest.approx(1.0)
    lids.tracker.unseen(0.41)
    assert lids.tracker.open_s == 0.0
    lids.are(True, 0.5)
    assert lids.tracker.unseen(0.8).ended is None and lids.tracker.down
    assert lids.tracker.unseen(0.81).ended is not None and not lids.tracker.down


def test_what_was_not_seen_is_no_valid_time_but_lengthens_the_closure() -> None:
    lids = Lids().are(False, 1.0).are(True, 0.5).are(True, 0.3, seen=False).are(True, 0.2)
    assert (lids.run_s, lids.closed_s()) == (1.0, 0.7)
    lids.are(True, 3.0, seen=False)
    assert lids.run_s is None, "less than two fifths of it were seen"


def test_the_guard_judges_the_head_from_before_the_fall() -> None:
    def guard(after_deg: float, after_s: float) -> LookDownGuard:
        found = LookDownGuard()
        for index in range(10):
            found.observe(index / 10, 1.0)
        found.lids_went_down(0.9)
        for index in range(3):
            found.observe(after_s + index * 0.05, 1.0 + after_deg)
        return found

    assert guard(MOVED_DEG + 0.1, 1.0).holds and not guard(MOVED_DEG - 0.1, 1.0).holds
    assert not guard(MOVED_DEG + 0.1, 1.3).holds, "too late to be a look down"
    assert guard(FAR_DEG + 0.1, 1.0).moved_far and not guard(FAR_DEG - 0.1, 1.0).moved_far
    assert guard(-FAR_DEG - 0.1, 1.0).holds and not guard(-FAR_DEG - 0.1, 1.0).moved_far, "no gaze goes down meanwhile"
    far = guard(FAR_DEG + 0.1, 1.0)
    for index in range(4):
        far.observe(1.3 + index * 0.05, 3.4)
    assert far.moved_far and not far.holds, "back, but it has moved"
    far.lids_went_up()
    assert not far.moved_far and not far.holds


@pytest.mark.parametrize(
    ("bent_deg", "radius", "held"), [(7.0, 0.93, True), (7.0, 0.85, False), (12.0, 0.93, True), (12.0, 0.85, True)]
)
def test_hidden_irises_overrule_a_small_movement_of_the_head_and_no_large_one(
    bent_deg: float, radius: float, held: bool
) -> None:
    lids = Lids()
    lids.t_s = 100.0
    for index in range(10):
        lids.tracker.guard.observe(100 + index / 10, 0.0)
        lids.are(False, 0.1)
    for index in range(10, 20):
        lids.are(True, 0.1)
        lids.tracker.guard.observe(100 + index / 10, bent_deg)
        lids.tracker.iris_check.observe(100.05 + index / 10, radius, 0.1)
    assert (lids.tracker.looks_down, lids.run_s is None) == (held, held)
