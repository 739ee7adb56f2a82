"""A face is read against its own rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.affect.face_memory import VALENCE, RestingFace, expression_valence


def test_the_labels_are_those_of_the_expression_model() -> None:
    assert set(VALENCE) == {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}


def test_somebody_who_always_looks_grim_is_not_sad() -> None:
    face = RestingFace()
    first = face.relative(0.0, -0.7)
    for step in range(1, 3000):
        last = face.relative(step / 10, -0.7)
    assert first == pytest.approx(-0.7)
    assert abs(last) < 0.05
    assert face.relative(301.0, 1.0) > 0.8


def test_a_long_smile_is_not_taken_for_rest_at_once() -> None:
    face = RestingFace()
    scores = [face.relative(step / 10, 0.9) for step in range(100)]
    assert min(scores) > 0.4


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-1, 1)), min_size=1, max_size=40))
def test_scores_are_always_in_range(steps: list[tuple[float, float]]) -> None:
    face, now_s = RestingFace(), 0.0
    for step_s, valence in steps:
        now_s += step_s
        assert -1.0 <= face.relative(now_s, valence) <= 1.0


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda values: sum(values) > 0.01))
def test_any_distribution_has_a_valence_on_the_scale(values: list[float]) -> None:
    total = sum(values)
    assert -1.0 <= expression_valence(dict(zip(VALENCE, (v / total for v in values), strict=True))) <= 1.0
