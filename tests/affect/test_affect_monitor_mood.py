"""Smoothing that hides no jump, and whose mood it is."""

from __future__ import annotations

import math

import pytest

from edge.affect.monitor import Mood, Moods
from edge.messages import Affect


def affect(t_s: float, score: float, track: int | None = 1, length_s: float = 10.0, confidence: float = 0.5) -> Affect:
    return Affect(t_s, t_s - length_s, t_s, score, "neutral", "neutral", {}, confidence, track)


def test_flicker_is_smoothed() -> None:
    mood = Mood()
    levels = [mood.step(10.0, 0.1 + 0.12 * math.sin(2.4 * step), 0.5) for step in range(200)]
    assert max(levels[50:]) - min(levels[50:]) < 0.06


def test_a_great_jump_is_followed_at_once_and_a_lesser_one_when_it_is_confirmed() -> None:
    mood = Mood()
    for step in range(50):
        mood.step(10.0, 0.1 + 0.05 * (-1) ** step, 0.5)
    assert mood.step(10.0, -0.8, 0.5) == -0.8
    for step in range(50):
        mood.step(10.0, -0.8 + 0.05 * (-1) ** step, 0.5)
    assert mood.step(10.0, -0.5, 0.5) < -0.7
    assert mood.step(10.0, -0.5, 0.5) == -0.5


def test_one_odd_score_moves_the_mood_little() -> None:
    mood = Mood()
    for step in range(50):
        mood.step(10.0, 0.05 * (-1) ** step, 0.5)
    mood.step(10.0, -0.22, 0.5)
    assert abs(mood.step(10.0, 0.05, 0.5)) < 0.06


def test_a_person_who_was_away_takes_the_mood_along_for_minutes_but_not_for_ever() -> None:
    moods = Moods(None, 10.0)
    assert moods.join(affect(10.0, 0.6)).mood == 0.6
    soon = moods.join(affect(200.0, 0.5)).mood
    assert soon is not None and 0.5 < soon < 0.6
    assert moods.join(affect(900.0, -0.2)).mood == -0.2


@pytest.mark.parametrize("other", [2, None])
def test_moods_of_others_are_their_own(other: int | None) -> None:
    moods = Moods(None, 10.0)
    moods.join(affect(10.0, 0.8))
    theirs = moods.join(affect(11.0, -0.8, other)).mood
    assert theirs == (None if other is None else -0.8)
