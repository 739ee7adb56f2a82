"""Thirty blinks against the person's own alert state."""

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.fatigue.drowsiness import ALERT_BLINKS, SEQUENCE, BlinkHistory, DrowsinessModel, features
from edge.messages import Blink


def blinks(count, start_s, every_s, duration_ms, seed):
    chance = np.random.default_rng(seed)
    for number in range(count):
        at_s = start_s + number * every_s
        length_ms = duration_ms * (1 + 0.15 * chance.standard_normal())
        yield Blink(
            t_s=at_s + 0.3,
            track=1,
            start_s=at_s,
            end_s=at_s + length_ms / 1000,
            duration_ms=length_ms,
            amplitude=0.9 + 0.05 * chance.standard_normal(),
            opening_velocity=(6 + 0.6 * chance.standard_normal()) * 130 / duration_ms,
        )


def history_of(person):
    history = BlinkHistory(start_s=0.0)
    for blink in person:
        history.add(blink)
    return history


def test_nothing_is_said_before_the_own_alert_state_and_thirty_blinks_are_known():
    history = BlinkHistory(start_s=0.0)
    for number, blink in enumerate(blinks(ALERT_BLINKS + SEQUENCE, 0, 4, 130, seed=1), start=1):
        history.add(blink)
        assert (history.sequence() is None) == (number < ALERT_BLINKS + SEQUENCE)


def test_a_person_who_blinks_as_before_is_at_the_own_habit():
    sequence = history_of(blinks(200, 0, 4, 130, seed=2)).sequence()
    assert np.abs(sequence[:, 1:].mean(axis=0)).max() < 0.6


def test_a_blink_without_a_number_is_left_out():
    known = list(blinks(ALERT_BLINKS + SEQUENCE, 0, 4, 130, seed=3))
    broken = Blink(t_s=1, track=1, start_s=0, end_s=1, duration_ms=float("nan"), amplitude=1, opening_velocity=1)
    with_broken = history_of([*known[:70], broken, *known[70:]])
    assert np.isfinite(with_broken.sequence()).all()


def test_features_are_the_same_alone_and_in_company():
    sequences = np.random.default_rng(4).standard_cauchy((5, SEQUENCE, 4))
    together = features(sequences)
    assert together.shape == (5, 23)
    assert np.isfinite(together).all()
    for sequence, row in zip(sequences, together, strict=True):
        np.testing.assert_array_equal(features(sequence[None])[0], row)


@pytest.mark.bundle
def test_longer_slower_blinks_are_sleepier(bundle_dir):
    bundle = Bundle(bundle_dir)
    if not bundle.has("drowsiness"):
        pytest.skip("the bundle was built before the role drowsiness: make bundle")
    model = DrowsinessModel(bundle)
    alert = list(blinks(150, 0, 4, 130, seed=5))
    awake = model.estimate(history_of(alert).sequence())
    sleepy = [*alert, *blinks(40, 600, 2.5, 290, seed=6)]
    drowsy = model.estimate(history_of(sleepy).sequence())
    assert awake.drowsiness < 0.5 < drowsy.drowsiness
    assert awake.kss < drowsy.kss
    assert drowsy.kss_sd > 0.5
