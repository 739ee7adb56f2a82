from __future__ import annotations

import pytest

from edge.config.decision import FatigueConfig
from edge.fatigue.closures import ClosureTracker
from edge.fatigue.eyelid_spans import (
    BRIDGE_S,
    GAP_S,
    LidClosure,
    LidCurve,
    Lids,
    LidSpan,
    closure_class,
    closure_message,
)
from edge.fatigue.gestures import Nods
from edge.fatigue.policy import Perclos

CONFIG = FatigueConfig()


def spans(readings: list[tuple[float, float]]) -> list[LidSpan]:
    lids = Lids(0.30, 0.50)
    return [span for t_s, openness in readings for span in lids.step(t_s, openness)]


def test_spans_meet_where_the_curve_crosses_the_threshold():
    assert spans([(0.0, 1.0), (0.1, 0.0), (0.2, 1.0)]) == [
        LidSpan(0.0, pytest.approx(0.07), closed=False),
        LidSpan(pytest.approx(0.07), 0.1, closed=True),
        LidSpan(0.1, pytest.approx(0.15), closed=True),
        LidSpan(pytest.approx(0.15), 0.2, closed=False),
    ]


def test_between_the_thresholds_the_state_stays():
    assert [span.closed for span in spans([(0.0, 0.9), (0.1, 0.4), (0.2, 0.31)])] == [False, False]
    assert [span.closed for span in spans([(0.0, 0.25), (0.1, 0.4), (0.2, 0.44)])] == [True, True]


def test_lids_that_rise_far_from_shut_are_open_though_they_squint():
    rising = spans([(0.0, 0.02), (0.1, 0.4), (0.2, 0.4), (0.3, 0.38)])
    assert [span.closed for span in rising] == [True, False, False]
    assert [span.start_s for span in rising] == [0.0, 0.1, 0.2]


def test_one_frame_that_reads_half_open_ends_no_closure():
    assert all(span.closed for span in spans([(0.0, 0.02), (0.1, 0.4), (0.2, 0.05), (0.3, 0.1)]))


def test_lids_that_fall_again_while_still_half_open_are_open():
    assert [span.closed for span in spans([(0.0, 0.02), (0.1, 0.45), (0.2, 0.42)])] == [True, False]


def test_between_the_thresholds_without_a_past_nothing_is_known():
    assert spans([(0.0, 0.4), (0.1, 0.45), (0.2, 0.9), (0.3, 0.9)]) == [LidSpan(0.2, 0.3, closed=False)]


def test_a_gap_is_in_no_span():
    late = BRIDGE_S + 0.1
    assert spans([(0.0, 0.1), (late, 0.1), (late + 0.1, 0.1)]) == [LidSpan(late, late + 0.1, closed=True)]
    assert spans([(0.0, 0.9), (GAP_S + 0.1, 0.9)]) == []
    assert spans([(0.0, 0.1), (GAP_S + 0.1, 0.9)]) == []
    assert spans([(0.0, 0.1), (GAP_S, 0.1)]) == [LidSpan(0.0, GAP_S, closed=True)]


def test_a_short_gap_between_closed_lids_is_closed_but_not_seen():
    assert spans([(0.0, 0.1), (BRIDGE_S, 0.1)]) == [LidSpan(0.0, BRIDGE_S, closed=True, seen=False)]
    assert spans([(0.0, 1.0), (0.6, 0.0)]) == [LidSpan(pytest.approx(0.32), 0.6, closed=True, seen=False)]


def test_time_that_does_not_advance_is_ignored():
    assert spans([(1.0, 0.9), (1.0, 0.1), (0.5, 0.1)]) == []


def test_a_blink_counts_as_open_and_a_slow_closure_as_closed():
    closures = ClosureTracker(look_down_s=3.0, unresponsive_s=6.0, closed_below=0.3)
    assert closures.step(LidSpan(0.0, 1.0, closed=False)).spans == (LidSpan(0.0, 1.0, closed=False),)
    assert closures.step(LidSpan(1.0, 1.2, closed=True)).spans == ()
    blink = closures.step(LidSpan(1.2, 2.0, closed=False))
    assert blink.ended == LidClosure(1.0, 1.2, whole=True)
    assert [span.closed for span in blink.spans] == [False, False]
    assert closures.step(LidSpan(2.0, 2.5, closed=True)).spans == (LidSpan(2.0, 2.5, closed=True),)
    assert closures.run == LidClosure(2.0, 2.5, whole=True)
    assert closures.step(LidSpan(2.5, 2.7, closed=True)).spans == (LidSpan(2.5, 2.7, closed=True),)
    assert closures.step(LidSpan(2.7, 3.0, closed=False)).ended == LidClosure(2.0, 2.7, whole=True)


def test_what_is_lost_from_sight_ends_where_it_was_seen_last():
    closures = ClosureTracker(look_down_s=3.0, unresponsive_s=6.0, closed_below=0.3)
    closures.step(LidSpan(0.0, 1.0, closed=False))
    closures.step(LidSpan(1.0, 2.0, closed=True))
    assert closures.lapse().ended == LidClosure(1.0, 2.0, whole=False)
    assert closures.run is None
    closures.step(LidSpan(5.0, 5.1, closed=True))
    assert closures.step(LidSpan(5.1, 5.5, closed=False)).ended == LidClosure(5.0, 5.1, whole=False)


def test_a_bridged_gap_lengthens_a_closure_but_is_no_valid_time():
    closures = ClosureTracker(look_down_s=3.0, unresponsive_s=6.0, closed_below=0.3)
    closures.step(LidSpan(0.0, 1.0, closed=False))
    seen = closures.step(LidSpan(1.0, 1.8, closed=True)).spans
    assert closures.unseen(0.7).ended is None
    assert closures.step(LidSpan(1.8, 2.5, closed=True, seen=False)).spans == ()
    assert closures.run == LidClosure(1.0, 2.5, whole=True, unseen_s=pytest.approx(0.7))
    seen += closures.step(LidSpan(2.5, 2.6, closed=True)).spans
    assert seen == (LidSpan(1.0, 1.8, closed=True), LidSpan(2.5, 2.6, closed=True))


def test_a_closure_that_is_mostly_gaps_is_not_believed():
    closures = ClosureTracker(look_down_s=3.0, unresponsive_s=6.0, closed_below=0.3)
    closures.step(LidSpan(0.0, 0.1, closed=True))
    for start_s in (0.1, 0.9, 1.7):
        closures.step(LidSpan(start_s, start_s + 0.7, closed=True, seen=False))
        closures.step(LidSpan(start_s + 0.7, start_s + 0.8, closed=True))
    assert closures.run is None
    assert closures.step(LidSpan(2.5, 3.0, closed=False)).ended is None


def test_eyes_that_open_in_a_gap_end_the_closure_where_it_was_seen_last():
    closures = ClosureTracker(look_down_s=3.0, unresponsive_s=6.0, closed_below=0.3)
    closures.step(LidSpan(0.0, 1.0, closed=True))
    settled = closures.step(LidSpan(1.6, 1.7, closed=False))
    assert settled.ended == LidClosure(0.0, 1.0, whole=False)
    assert settled.spans == (LidSpan(1.6, 1.7, closed=False),)


def test_closures_by_class():
    lengths = (0.1, 0.49, 0.5, 1.49, 1.5, 2.99, 3.0, 60.0)
    names = ["blink", "blink", "long", "long", "microsleep", "microsleep", "sleep", "sleep"]
    assert [closure_class(length, CONFIG) for length in lengths] == names


def test_a_short_piece_of_a_closure_has_no_class():
    assert closure_message(2.0, LidClosure(1.0, 1.3, whole=False), 1, CONFIG) is None
    assert closure_message(2.0, LidClosure(1.0, 1.7, whole=False), 1, CONFIG) is not None


def curve(fps: float) -> LidCurve:
    lid = LidCurve()
    for index in range(round(1.3 * fps)):
        t_s = index / fps
        lid.observe(t_s, min(1.0, abs(t_s - 1.0) / 0.1))
    return lid


def test_a_blink_is_measured_on_its_curve():
    blink = curve(60).blink(LidClosure(0.97, 1.05, whole=True), 1)
    assert blink is not None
    assert blink.duration_ms == pytest.approx(80)
    assert blink.amplitude == pytest.approx(1.0)
    assert blink.opening_velocity == pytest.approx(1 / 0.28, rel=0.05)


def test_a_blink_seen_too_seldom_is_not_measured():
    assert curve(8).blink(LidClosure(0.97, 1.05, whole=True), 1) is None
    assert curve(60).blink(LidClosure(0.97, 1.05, whole=False), 1) is None


def test_perclos_needs_half_of_its_window():
    perclos = Perclos(0.0, least_valid_ratio=0.5)
    perclos.add(LidSpan(0.0, 20.0, closed=False))
    perclos.add(LidSpan(20.0, 25.0, closed=True))
    assert perclos.share(25.0, 60.0) is None
    perclos.add(LidSpan(25.0, 30.0, closed=False))
    assert perclos.share(30.0, 60.0) == pytest.approx(5 / 30)
    assert perclos.share(30.0, 180.0) is None


def test_perclos_slides_and_leaves_out_what_was_not_seen():
    perclos = Perclos(0.0, least_valid_ratio=0.5)
    perclos.add(LidSpan(0.0, 50.0, closed=False))
    perclos.add(LidSpan(50.0, 56.0, closed=True))
    perclos.add(LidSpan(66.0, 100.0, closed=False))
    assert perclos.share(100.0, 60.0) == pytest.approx(6 / 50)
    assert perclos.valid_ratio(100.0) == pytest.approx(50 / 60)
    assert perclos.share(113.0, 60.0) == pytest.approx(3 / 37)
    assert perclos.share(400.0, 60.0) is None
    assert perclos.valid_ratio(400.0) == 0


def test_perclos_remembers_no_more_than_it_needs():
    perclos = Perclos(0.0, least_valid_ratio=0.5)
    for second in range(3600):
        perclos.add(LidSpan(second, second + 0.9, closed=False))
        perclos.add(LidSpan(second + 0.9, second + 1.0, closed=True))
    assert perclos.share(3600.0, 180.0) == pytest.approx(0.1)
    assert len(perclos._marks) < 1000


def nod(pitches: list[tuple[float, float]], closed: LidSpan) -> list[tuple[float, float]]:
    nods = Nods()
    nods.lids_closed(closed)
    return [found for t_s, pitch in pitches if (found := nods.step(t_s, pitch))]


def head(down_s: float, by_deg: float, sinks_s: float = 0.5) -> list[tuple[float, float]]:
    """Up until 2 s, down for `down_s`, up again."""
    times = [index / 20 for index in range(200)]
    return [(t_s, by_deg * max(0.0, min(1.0, (t_s - 2) / sinks_s, (2 + down_s - t_s) / 0.3))) for t_s in times]


def test_a_nod_sinks_with_closed_eyes_and_comes_back():
    assert len(nod(head(1.5, 18.0), LidSpan(1.9, 3.0, closed=True))) == 1


@pytest.mark.parametrize(
    ("pitches", "closed"),
    [
        (head(1.5, 18.0), LidSpan(0.0, 2.1, closed=True)),
        (head(1.5, 10.0), LidSpan(1.9, 3.0, closed=True)),
        (head(4.0, 18.0), LidSpan(1.9, 3.0, closed=True)),
        (head(2.9, 18.0, sinks_s=2.0), LidSpan(1.9, 3.0, closed=True)),
    ],
    ids=["open eyes", "shallow", "stays down", "slowly"],
)
def test_no_nod(pitches, closed):
    assert nod(pitches, closed) == []


@pytest.mark.parametrize(
    ("frame_s", "before", "falls_s"),
    [
        (0.08, 0.6, 0.04),  # within the fall of a blink: on the line between both frames
        (0.125, 0.95, 0.0625 + (0.65 / 0.95 * 0.125 - 0.0625) * 0.8),  # open: the fall lies in the middle
        (0.125, 0.6, 0.03),  # on their way: 0.3 more at the speed of a blink
        (0.125, 0.35, 0.005),
    ],
)
def test_lids_fall_as_fast_as_a_blink_however_slow_the_camera(frame_s: float, before: float, falls_s: float) -> None:
    lids = Lids(closed_below=0.3, open_above=0.34)
    lids.step(0.0, before)
    spans = lids.step(frame_s, 0.0)
    assert spans[-1].closed
    assert spans[-1].start_s == pytest.approx(falls_s)
