from __future__ import annotations

import pytest

from edge.fatigue.eye_baseline import CLOSED, FLOOR_SHARE, OPEN_PRIOR, OpeningBaseline


def learned(openings: list[float], fps: float = 30.0, learn_s: float = 60.0) -> OpeningBaseline:
    baseline = OpeningBaseline(learn_s)
    for index, opening in enumerate(openings):
        baseline.observe(index / fps, opening)
    return baseline


def test_openness_runs_from_shut_to_the_own_open_eye():
    baseline = learned([0.25] * 300)
    assert baseline.openness(CLOSED) == 0
    assert baseline.openness(0.02) == 0
    assert baseline.openness(0.25) == 1
    assert baseline.openness(0.40) == 1
    assert baseline.openness((CLOSED + 0.25) / 2) == pytest.approx(0.5)


def test_the_population_counts_until_the_person_is_known():
    assert learned([0.24] * 60).open == OPEN_PRIOR
    assert learned([0.24] * 150).open == pytest.approx(0.24)


@pytest.mark.parametrize("fps", [30.0, 15.0, 8.0])
def test_blinks_and_slow_closures_do_not_lower_it(fps):
    openings = [0.05 if index % 10 < 3 else 0.30 for index in range(round(70 * fps))]
    assert learned(openings, fps).open == pytest.approx(0.30)


@pytest.mark.parametrize("fps", [30.0, 8.0])
def test_it_freezes_after_the_same_time_at_every_rate(fps):
    baseline = learned([0.33] * round(58 * fps), fps)
    assert not baseline.frozen
    assert learned([0.33] * round(76 * fps), fps).frozen


def test_frozen_it_rises_but_never_falls():
    baseline = learned([0.28] * (60 * 30) + [0.22] * (90 * 30))
    assert baseline.open == pytest.approx(0.28)
    assert learned([0.28] * (60 * 30) + [0.34] * (90 * 30)).open == pytest.approx(0.34)


def test_a_drowsy_start_is_not_taken_for_open_eyes():
    baseline = learned([0.12] * 2000)
    assert baseline.open == pytest.approx(FLOOR_SHARE * OPEN_PRIOR)
    assert baseline.openness(0.12) < 0.5
