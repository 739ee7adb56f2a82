"""Every score has exactly one word, and the bounds are those of the published scales."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.affect.fusion import EMOTIONS, POLARITIES, emotion, polarity

SCORES = st.floats(-1.0, 1.0)


@pytest.mark.parametrize(
    ("score", "word"),
    [
        *((-1, "angry"), (-0.7, "anxious"), (-0.4, "tired"), (-0.1, "neutral"), (0, "neutral")),
        *((0.1, "relaxed"), (0.4, "happy"), (0.7, "excited"), (1, "excited")),
    ],
)
def test_a_bound_belongs_to_the_emotion_above_it(score: float, word: str) -> None:
    assert emotion(score).en == word


@pytest.mark.parametrize(
    ("score", "word"),
    [
        *((-1, "negative"), (-0.7, "negative"), (-0.69, "weakly negative"), (-0.1, "weakly negative"), (0, "neutral")),
        *((0.1, "neutral"), (0.7, "weakly positive"), (0.71, "positive"), (1, "positive")),
    ],
)
def test_a_bound_belongs_to_the_polarity_below_it(score: float, word: str) -> None:
    assert polarity(score).en == word


@given(SCORES, SCORES)
def test_the_words_cover_the_scale_in_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert EMOTIONS.index(emotion(low)) <= EMOTIONS.index(emotion(high))
    assert POLARITIES.index(polarity(low)) <= POLARITIES.index(polarity(high))


def test_every_word_stands_once() -> None:
    for table, count in ((EMOTIONS, 7), (POLARITIES, 5)):
        assert len({word.en for word in table}) == count
        assert table[-1].below == 1.0
