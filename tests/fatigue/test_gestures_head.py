"""Nods and falling heads, to the degree and the tenth of a second; the turns of a mouth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.fatigue.eyelid_spans import LidSpan
from edge.fatigue.gestures import (
    ASIDE_DEG,
    CLOSED_S,
    NOD_DEG,
    RECOVERED_DEG,
    RECOVERED_S,
    SUNK_DEG,
    WITHIN_S,
    HeadFall,
    Nods,
)
from edge.messages import Face, Reason


def nodded(*pitches: tuple[float, float], closed: tuple[float, float] | None = (1.0, 2.0)) -> list[tuple[float, float]]:
    """`pitches` as (until this time, degrees), ten a second."""
    nods, frame, found = Nods(), 0, []
    if closed is not None:
        nods.lids_closed(LidSpan(*closed, closed=True))
    for until_s, deg in pitches:
        while frame < round(until_s * 10):
            found.append(nods.step(frame / 10, deg))
            frame += 1
    return [nod for nod in found if nod is not None]


def test_a_nod_runs_from_the_last_upright_frame_to_the_first_one_back() -> None:
    assert nodded((1.0, 0.0), (2.0, NOD_DEG), (3.0, RECOVERED_DEG - 0.1)) == [(0.9, 2.0)]


@pytest.mark.parametrize(
    ("deg", "back_deg", "count"),
    [
        (NOD_DEG, 0.0, 1),
        (NOD_DEG - 0.1, 0.0, 0),
        (-NOD_DEG, 0.0, 0),
        (NOD_DEG, RECOVERED_DEG, 0),
        (NOD_DEG, RECOVERED_DEG - 0.1, 1),
    ],
)
def test_it_sinks_by_twelve_degrees_and_comes_back_to_within_five(deg: float, back_deg: float, count: int) -> None:
    assert len(nodded((1.0, 0.0), (2.0, deg), (6.0, back_deg))) == count


@pytest.mark.parametrize(
    ("closed", "count"),
    [((1.0, 1.0 + CLOSED_S), 1), ((1.0, 0.99 + CLOSED_S), 0), ((0.0, 0.85 + CLOSED_S), 0), ((0.0, 1.25), 1), (None, 0)],
)
def test_the_eyes_are_closed_for_long_enough_after_the_head_began_to_sink(
    closed: tuple[float, float] | None, count: int
) -> None:
    assert len(nodded((1.0, 0.0), (2.0, 20.0), (3.0, 0.0), closed=closed)) == count


@pytest.mark.parametrize(("back_s", "count"), [(0.9 + RECOVERED_S, 1), (1.1 + RECOVERED_S, 0)])
def test_a_head_that_stays_down_for_more_than_three_seconds_did_not_nod(back_s: float, count: int) -> None:
    assert len(nodded((1.0, 0.0), (back_s, 20.0), (back_s + 2, 0.0), closed=(1.0, 4.0))) == count


def test_a_head_that_sinks_slowly_does_not_nod() -> None:
    slowly = [(1.0 + (step + 1) / 10, step * (NOD_DEG - 1) / (WITHIN_S * 10)) for step in range(20)]
    assert nodded((1.0, 0.0), *slowly, (4.0, 0.0), closed=(1.0, 3.0)) == []


def test_each_nod_is_told_once_and_the_next_one_too() -> None:
    found = nodded((1.0, 0.0), (2.0, 20.0), (4.0, 0.0), (5.0, 20.0), (6.0, 0.0), closed=(1.0, 5.0))
    assert found == [(0.9, 2.0), (3.9, 5.0)]


def test_closed_eyes_before_the_last_nod_are_forgotten() -> None:
    nods = Nods()
    for index in range(1000):
        nods.lids_closed(LidSpan(index, index + 0.5, closed=True))
    assert len(nods._closed) <= RECOVERED_S + WITHIN_S + 1


def posed(t_s: float, yaw_deg: float | None, pitch_deg: float | None, reason: Reason = Reason.EYES_HIDDEN) -> Face:
    return Face(t_s, 1, reason=reason, yaw_deg=yaw_deg, pitch_deg=pitch_deg)


def fallen(*poses: tuple[float, float, bool]) -> HeadFall:
    fall = HeadFall()
    for index, (yaw, pitch, lids_down) in enumerate(poses):
        fall.observe(replace(posed(index / 10, yaw, pitch), openness=0.1 if lids_down else 0.9), lids_down)
    return fall


def test_a_head_hides_the_eyes_from_twelve_degrees_below_where_the_lids_went_down() -> None:
    fall = fallen((0.0, 5.0, False), (0.0, 8.0, True))
    assert fall.hides(posed(1.0, 0.0, 5.0 + SUNK_DEG)) and not fall.hides(posed(1.0, 0.0, 4.9 + SUNK_DEG))
    assert fall.hides(Face(1.0, None, reason=Reason.NO_FACE))
    assert fall.hides(posed(1.0, 0.0, 0.0, Reason.NO_FACE))
    assert not fall.hides(posed(1.0, None, None)), "a face without a pose says nothing"


def test_a_head_that_turns_aside_is_awake_until_the_lids_have_been_up() -> None:
    gone = Face(1.0, None, reason=Reason.NO_FACE)
    assert fallen((0.0, 0.0, False), (ASIDE_DEG, 0.0, True)).hides(gone)
    assert not fallen((0.0, 0.0, False), (-ASIDE_DEG - 0.1, 0.0, True), (0.0, 0.0, True)).hides(gone)
    assert fallen((0.0, 0.0, False), (-ASIDE_DEG - 0.1, 0.0, True), (0.0, 0.0, False)).hides(gone)
    assert not HeadFall().hides(gone)
    assert fallen((0.0, 0.0, True)).hides(gone)


@pytest.mark.parametrize(
    ("pitch_deg", "hidden"), [(0.0, False), (RECOVERED_DEG - 0.1, False), (RECOVERED_DEG, True), (SUNK_DEG, True)]
)
def test_a_head_that_is_still_up_while_its_lids_cannot_be_judged_has_not_fallen(pitch_deg: float, hidden: bool) -> None:
    fall = fallen((0.0, 0.0, False), (0.0, 0.0, True))
    fall.observe(posed(0.3, 0.0, pitch_deg), lids_down=True)
    assert fall.hides(Face(1.0, None, reason=Reason.NO_FACE)) == hidden
