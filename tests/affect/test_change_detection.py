"""Changes against the own past: how often in normal use, how soon when there is one, and when nothing may be said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.affect.change_detection import (
    LEAST_OBSERVATIONS,
    ChangeSensitivity,
    Shift,
    ShiftDetector,
    run_length,
    threshold_for,
)

EVERY_S = 10.0


def detector(alerts_per_hour: float = 0.2, sign: int = -1, least_spread: float = 0.02) -> ShiftDetector:
    return ShiftDetector(ChangeSensitivity(alerts_per_hour, EVERY_S), sign, least_spread)


def feed(watch: ShiftDetector, values: np.ndarray, start_s: float = 0.0) -> list[Shift | None]:
    return [watch.step(start_s + EVERY_S * index, float(value)) for index, value in enumerate(values)]


def moods(count: int, lasting: float = 0.5, seed: int = 0) -> np.ndarray:
    rng, values = np.random.default_rng(seed), [0.0]
    for news in rng.standard_normal(count):
        values.append(lasting * values[-1] + (1 - lasting**2) ** 0.5 * news)
    return 0.1 + 0.15 * np.array(values[1:])


@pytest.mark.parametrize("threshold", [2.0, 3.0, 4.0])
def test_siegmunds_run_length_is_the_simulated_one(threshold: float) -> None:
    rng, sums, age = np.random.default_rng(3), np.zeros(2000), np.zeros(2000)
    lengths: list[float] = []
    for _ in range(round(12 * run_length(threshold) ** 0.5 + 300)):
        sums = np.maximum(sums + rng.standard_normal(2000) - 0.5, 0.0)
        age += 1
        crossed = sums >= threshold
        lengths += age[crossed].tolist()
        sums[crossed] = age[crossed] = 0.0
    exposure = sum(lengths) + float(age.sum())
    assert exposure / len(lengths) == pytest.approx(run_length(threshold), rel=0.1)


def test_fewer_alerts_an_hour_need_a_higher_threshold_and_too_many_are_refused() -> None:
    heights = [threshold_for(rate, EVERY_S) for rate in (4.0, 1.0, 0.2, 0.01)]
    assert heights == sorted(heights)
    with pytest.raises(ValueError, match="ask for less"):
        threshold_for(500.0, EVERY_S)


@pytest.mark.parametrize("lasting", [0.0, 0.7])
def test_normal_moods_cause_no_more_alerts_than_were_asked_for(lasting: float) -> None:
    begun, hours = 0, 0.0
    for seed in range(3):
        shifts = feed(detector(alerts_per_hour=4.0), moods(1200, lasting, seed))
        begun += sum(now is not None and before is None for before, now in itertools.pairwise(shifts))
        hours += (len(shifts) - LEAST_OBSERVATIONS) * EVERY_S / 3600
    assert 0.3 <= begun / hours <= 5.2


def test_a_sudden_fall_is_told_within_a_minute_and_ends() -> None:
    watch, calm = detector(), moods(150)
    assert not any(feed(watch, calm))
    low = feed(watch, moods(20, seed=9) - 1.0, 1500.0)
    found = next(index for index, shift in enumerate(low) if shift)
    shift = low[found]
    assert found <= 5 and shift is not None and shift.sudden and shift.size > 2
    assert not any(feed(watch, moods(60, seed=4), 1700.0)[30:])


def test_a_slow_lasting_fall_is_told_as_sustained() -> None:
    watch = detector()
    feed(watch, moods(180, 0.2))
    low = [shift for shift in feed(watch, moods(80, 0.2, seed=5) - 0.25, 1800.0) if shift]
    assert low and not low[0].sudden


def test_before_the_baseline_is_known_even_a_catastrophe_is_not_told() -> None:
    watch = detector()
    assert not any(feed(watch, np.array([0.2] * (LEAST_OBSERVATIONS - 10) + [-1.0] * 9)))
    assert not watch.learned


def test_a_rise_is_no_fall() -> None:
    watch = detector()
    feed(watch, moods(150))
    assert not any(feed(watch, moods(40, seed=2) + 1.0, 1500.0))


def test_a_mood_that_stays_becomes_the_new_normal() -> None:
    watch = detector()
    feed(watch, moods(180))
    shifts = feed(watch, moods(400, seed=6) - 1.0, 1800.0)
    assert any(shifts) and not any(shifts[-60:])


def test_an_hour_unseen_counts_as_nothing() -> None:
    one, other = detector(), detector()
    before, after = moods(120), moods(60, seed=8) - 0.3
    feed(one, before)
    feed(other, before)
    together, apart = feed(one, after, 1200.0), feed(other, after, 1200.0 + 3600.0)
    assert any(together) and any(apart)


def test_a_constant_score_never_alarms_by_a_breath() -> None:
    watch = detector()
    feed(watch, np.full(100, 0.1))
    assert not any(feed(watch, np.full(100, 0.099), 1000.0))
