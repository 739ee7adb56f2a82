from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.speech.decoding import (
    KEPT_TURNS,
    LOOP_TOKENS,
    LOOP_TURNS,
    Hypothesis,
    believable,
    compression_ratio,
    cut_loop,
    has_loop,
    is_silence,
)

_TOKENS = st.lists(st.integers(0, 50_000), max_size=60)


def _said(tokens=(10, 11, 12), log_probability=-0.2, finished=True) -> Hypothesis:
    return Hypothesis(tuple(tokens), (log_probability,) * (len(tokens) + finished), finished)


@given(_TOKENS, st.lists(st.integers(0, 50_000), min_size=1, max_size=30), st.integers(LOOP_TURNS, 9), _TOKENS)
def test_a_loop_of_any_length_is_found_wherever_it_stands(before, stretch, turns, after):
    assume(len(stretch) * turns >= LOOP_TOKENS)
    assert has_loop([*before, *stretch * turns, *after])


@given(st.lists(st.integers(0, 50_000), unique=True, max_size=120))
def test_what_does_not_repeat_is_no_loop(tokens):
    assert not has_loop(tokens)


@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=60, unique=True))
def test_saying_it_twice_is_no_loop(stretch):
    assert not has_loop(stretch * 2)


def test_a_short_exclamation_is_no_loop():
    assert not has_loop([7] * (LOOP_TOKENS - 1))


@given(
    st.lists(st.integers(0, 50_000), unique=True, max_size=30),
    st.lists(st.integers(50_001, 60_000), min_size=1, max_size=5, unique=True),
    st.integers(LOOP_TOKENS, 20),
    _TOKENS,
)
def test_of_a_loop_the_first_turns_stay_with_the_words_before_it(before, stretch, turns, after):
    cut = cut_loop(_said([*before, *stretch * turns, *after], finished=False))
    assert list(cut.tokens) == [*before, *stretch * KEPT_TURNS]
    assert cut.before.finished and list(cut.before.tokens) == (before or stretch * KEPT_TURNS)
    assert cut_loop(_said(cut.tokens)) is None


def test_the_call_for_help_stands_where_it_is_sure_and_is_a_guess_where_it_is_not():
    sure, guess = (_said([1, 2, 3, 4, *[5, 6] * 14], average) for average in (-0.2, -0.7))
    for said, believed in ((sure, True), (guess, False)):
        assert believable(cut_loop(said).before, "I need an ambulance", looped=True) is believed
    assert not is_silence(0.1, -0.6, looped=True) and is_silence(0.6, -0.2, looped=True)


def test_repetition_compresses():
    assert compression_ratio("冰淇淋" * 30) > 2.4 > compression_ratio("因此直接派发目前只能作为一种转移支付的辅助形式")


@pytest.mark.parametrize(
    ("hypothesis", "text"),
    [
        (_said(finished=False), "没有说完"),
        (_said(log_probability=-1.1), "随便猜的"),
        (_said(log_probability=math.nan), "不是数"),
        (_said(range(30)), "谢谢观看" * 20),
        (_said([5, 6, 7, 8] * 5), "你好"),
        (_said(), "..."),
        (_said([]), ""),
    ],
)
def test_bad_words_are_not_believed(hypothesis, text):
    assert not believable(hypothesis, text)


def test_good_words_are_believed():
    assert believable(_said(), "前面路口左转")


@pytest.mark.parametrize(
    ("no_speech", "average", "nobody"), [(0.9, -0.8, True), (0.9, -0.3, False), (0.1, -0.8, False), (0.1, -2.0, False)]
)
def test_nobody_speaks_only_where_both_figures_say_so(no_speech, average, nobody):
    assert is_silence(no_speech, average) is nobody
