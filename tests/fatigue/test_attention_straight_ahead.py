"""Straight ahead: learned soon, kept, followed slowly; a telephone never becomes the road."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.decision import AttentionConfig
from edge.fatigue.attention import (
    MOVED_S,
    PITCH_WITHIN_DEG,
    YAW_WITHIN_DEG,
    Angles,
    AttentionPolicy,
    AttentionState,
    DirectionBaseline,
    StraightAhead,
)
from edge.messages import Level

LEARN_S = 15.0
FPS = 10.0


def seen(
    ahead: DirectionBaseline, angles: Angles, from_s: float, for_s: float, noise_deg: float = 1.0, away: bool = False
):
    rng = random.Random(round(from_s))
    for index in range(round(for_s * FPS)):
        ahead.observe(from_s + index / FPS, (angles[0] + rng.gauss(0, noise_deg), angles[1] + rng.gauss(0, 1)), away)


def test_it_is_the_median_after_fifteen_seconds():
    ahead = DirectionBaseline(LEARN_S)
    seen(ahead, (20, -5), 0, 14.5)
    assert ahead.learned is None and ahead.turned((20, -5)) == (20, -5)
    seen(ahead, (20, -5), 14.5, 2)
    assert ahead.learned == (pytest.approx(20, abs=0.5), pytest.approx(-5, abs=0.5))
    assert ahead.steady


def test_wandering_looks_take_twice_as_long_and_are_not_steady():
    ahead = DirectionBaseline(LEARN_S)
    seen(ahead, (10, 0), 0, 25, noise_deg=15)
    assert ahead.learned is None
    seen(ahead, (10, 0), 25, 6, noise_deg=15)
    assert ahead.learned == (pytest.approx(10, abs=5), pytest.approx(0, abs=1))
    assert not ahead.steady
    seen(ahead, (10, 0), 31, 16)
    assert ahead.steady


def test_the_next_driver_replaces_what_the_last_one_left():
    ahead = DirectionBaseline(LEARN_S, (12.0, -4.0))
    assert ahead.turned((12, -4)) == (0, 0)
    seen(ahead, (6, -8), 0, 16)
    assert ahead.learned == (pytest.approx(6, abs=0.5), pytest.approx(-8, abs=0.5))


def test_looks_away_teach_nothing_until_a_whole_minute_says_that_the_camera_was_moved():
    ahead = DirectionBaseline(LEARN_S, (0.0, 0.0))
    seen(ahead, (30, 0), 0, MOVED_S - 2, away=True)
    assert ahead.learned == (0, 0)
    seen(ahead, (30, 0), MOVED_S - 2, 4, away=True)
    assert ahead.learned == (pytest.approx(30, abs=0.5), pytest.approx(0, abs=0.5))


def test_a_telephone_in_the_lap_never_becomes_the_road():
    ahead = DirectionBaseline(LEARN_S, (0.0, 0.0))
    seen(ahead, (0, 35), 0, 600, away=True)
    assert ahead.learned == (0, 0)


@settings(max_examples=30, deadline=None)
@given(yaw=st.floats(-90, 90), pitch=st.floats(-60, 60), away=st.booleans())
def test_it_never_leaves_its_bounds(yaw: float, pitch: float, away: bool):
    ahead = DirectionBaseline(LEARN_S)
    seen(ahead, (yaw, pitch), 0, 70, away=away)
    if ahead.learned is not None:
        assert YAW_WITHIN_DEG[0] <= ahead.learned[0] <= YAW_WITHIN_DEG[1]
        assert PITCH_WITHIN_DEG[0] <= ahead.learned[1] <= PITCH_WITHIN_DEG[1]


def looked(policy: AttentionPolicy, head: Angles, from_s: float, for_s: float) -> list[AttentionState]:
    return [policy.step(from_s + i / FPS, head, None) for i in range(round(for_s * FPS))]


def test_before_it_is_learned_a_head_far_aside_is_away_all_the_same():
    policy = AttentionPolicy(AttentionConfig())
    assert looked(policy, (35.0, 0.0), 0, 5)[-1].level is Level.NONE
    assert looked(policy, (60.0, 0.0), 5, 4)[-1].level is Level.WARNING
    assert looked(AttentionPolicy(AttentionConfig()), (0.0, 30.0), 0, 4)[-1].level is Level.WARNING


def test_what_the_camera_knows_counts_from_the_first_second():
    policy = AttentionPolicy(AttentionConfig(), StraightAhead((30.0, 0.0), None))
    assert looked(policy, (30.0, 0.0), 0, 5)[-1].level is Level.NONE
    assert looked(policy, (0.0, 0.0), 5, 4)[-1].level is Level.WARNING


def test_a_look_that_ends_just_before_its_time_raises_nothing_afterwards():
    policy = AttentionPolicy(AttentionConfig(), StraightAhead((0.0, 0.0), None))
    looked(policy, (60.0, 0.0), 0, 2.95)
    assert {look.level for look in looked(policy, (0.0, 0.0), 2.95, 2)} == {Level.NONE}


def test_aside_and_down_add_up():
    policy = AttentionPolicy(AttentionConfig(), StraightAhead((0.0, 0.0), None))
    assert not looked(policy, (20.0, 0.0), 0, 1)[-1].away
    assert not looked(policy, (0.0, 15.0), 1, 1)[-1].away
    assert looked(policy, (20.0, 15.0), 2, 1)[-1].away


def test_hidden_eyes_are_judged_by_the_head_and_it_is_said():
    policy = AttentionPolicy(AttentionConfig(), StraightAhead((0.0, 0.0), (0.0, 0.0)))
    assert looked(policy, (0.0, 0.0), 0, 5)[-1].causes == ("head_only",)
    assert looked(policy, (40.0, 0.0), 5, 4)[-1].causes == ("head_only", "long_glance")
