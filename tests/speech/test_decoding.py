from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.speech.decoding import DecodingRules, search

_WORDS = 7
_END = _WORDS - 1


@dataclass(frozen=True)
class Histories:
    """A decoder's state that is nothing but what each hypothesis has read."""

    read: tuple[tuple[int, ...], ...]

    def select(self, parents: np.ndarray) -> Histories:
        return Histories(tuple(self.read[parent] for parent in parents))


class Language:
    """A language whose next word depends on all words before; the logits have places above the end, too."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def logits(self, history: tuple[int, ...]) -> np.ndarray:
        return np.random.default_rng([self.seed, len(history), *history]).normal(0, 2, _WORDS + 3).astype(np.float32)

    def step(self, ids: np.ndarray, memory: Histories) -> tuple[np.ndarray, Histories]:
        read = tuple((*history, *new) for history, new in zip(memory.read, ids.tolist(), strict=True))
        return np.stack([self.logits(history) for history in read]), Histories(read)


def _rules(most_tokens: int = 12, never: tuple[int, ...] = (), never_first: tuple[int, ...] = (_END,)) -> DecodingRules:
    always, first = np.zeros(_WORDS, np.float32), np.zeros(_WORDS, np.float32)
    always[list(never)] = first[[*never, *never_first]] = -np.inf
    return DecodingRules(always, first, most_tokens)


def _find(language: Language, rules: DecodingRules, beams: int):
    start = Histories(((),))
    return search(language, language.logits(())[None], start, rules, beams)


def _true_log_probabilities(language: Language, rules: DecodingRules, tokens: tuple[int, ...]) -> list[float]:
    found = []
    for place, token in enumerate(tokens):
        row = language.logits(tokens[:place])[:_WORDS] + (rules.first if place == 0 else rules.always)
        found.append(float(row[token] - np.log(np.exp(row).sum())))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_a_hypothesis_is_judged_by_its_own_history(seed, beams):
    language, rules = Language(seed), _rules()
    best = _find(language, rules, beams)
    written = (*best.tokens, _END) if best.finished else best.tokens
    np.testing.assert_allclose(
        best.log_probabilities, _true_log_probabilities(language, rules, written), rtol=1e-4, atol=1e-5
    )
    assert _find(language, rules, beams) == best


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_one_beam_takes_the_likeliest_word_each_time(seed):
    language, rules = Language(seed), _rules()
    history: tuple[int, ...] = ()
    while len(history) < rules.most_tokens:
        row = language.logits(history)[:_WORDS] + (rules.always if history else rules.first)
        if row.argmax() == _END:
            break
        history = (*history, int(row.argmax()))
    assert _find(language, rules, 1).tokens == history


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 6))
def test_rules_hold(seed, beams, most_tokens):
    best = _find(Language(seed), _rules(most_tokens, never=(2, 3), never_first=(0, _END)), beams)
    assert 1 <= len(best.tokens) <= most_tokens
    assert not {2, 3} & set(best.tokens)
    assert best.tokens[0] != 0
    assert _END not in best.tokens


def test_a_wider_search_finds_what_a_greedy_one_misses():
    class Trap(Language):
        """Word 0 is likelier at first, but what follows it is anyone's guess."""

        def logits(self, history):
            row = np.full(_WORDS, -20.0, np.float32)
            if not history:
                row[0], row[1] = 0.1, 0.0
            elif history[0] == 0:
                row[:] = 0.0
            else:
                row[_END] = 10.0
            return row

    assert _find(Trap(0), _rules(), 1).tokens[0] == 0
    assert _find(Trap(0), _rules(), 3).tokens == (1,)


def test_confidence_is_the_mean_probability_of_the_words():
    class Sure(Language):
        def logits(self, history):
            row = np.full(_WORDS, -np.inf, np.float32)
            row[[1, 2]] = np.log(np.array([0.75, 0.25], np.float32))
            if history:
                row[:] = -np.inf
                row[_END] = 0.0
            return row

    best = _find(Sure(0), _rules(), 1)
    assert (best.tokens, best.finished) == ((1,), True)
    assert best.confidence == pytest.approx(0.75)
    assert best.average == pytest.approx(np.log(0.75) / 2)
