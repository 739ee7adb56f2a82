from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import BundleError
from edge.speech.ctc import CtcVocabulary, GreedyCtc, read_vocabulary, script_language

_BLANK, _SIZE = 2, 5
_FRAME_S = 0.04


def _log_probs(frames: list[int], sharpness: float = 4.0) -> np.ndarray:
    logits = np.random.default_rng(1).normal(size=(len(frames), _SIZE))
    logits[np.arange(len(frames)), frames] = logits.max(axis=1) + sharpness
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def _read(*pieces: np.ndarray) -> GreedyCtc:
    decoder = GreedyCtc(_BLANK, _FRAME_S)
    for piece in pieces:
        decoder.read(piece)
    return decoder


def test_equal_neighbours_are_one_token_and_a_blank_parts_them():
    decoder = _read(_log_probs([2, 1, 1, 2, 1, 3, 3, 3, 2]))
    assert [token.token for token in decoder.tokens] == [1, 1, 3]
    times = [(token.start_s, token.end_s) for token in decoder.tokens]
    assert times == [pytest.approx(pair) for pair in ((0.04, 0.12), (0.16, 0.2), (0.2, 0.32))]


def test_confidence_is_that_of_the_peaks():
    log_probs = _log_probs([1, 1, 2, 0])
    decoder = _read(log_probs)
    peaks = [log_probs[:2, 1].max(), log_probs[3, 0]]
    assert decoder.hypothesis.average == pytest.approx(np.mean(peaks))
    assert decoder.hypothesis.confidence == pytest.approx(np.mean(np.exp(peaks)))


def test_silence_is_no_token():
    assert _read(_log_probs([2, 2, 2])).tokens == ()
    assert _read(np.zeros((0, _SIZE), np.float32)).tokens == ()


@given(st.lists(st.integers(0, _SIZE - 1), max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_how_the_frames_are_cut_into_pieces_changes_nothing(frames, cuts):
    log_probs = _log_probs(frames)
    at_once = _read(log_probs).tokens
    pieces = _read(*np.split(log_probs, sorted(min(cut, len(frames)) for cut in cuts))).tokens
    assert [(token.token, token.log_probability) for token in pieces] == [
        (token.token, token.log_probability) for token in at_once
    ]
    assert [(t.start_s, t.end_s) for t in pieces] == [pytest.approx((t.start_s, t.end_s)) for t in at_once]


def test_words_are_parted_by_either_kind_of_separator():
    letters = CtcVocabulary(tokens=["<pad>", "|", "h", "i"], blank=0, separator="|", silent=[0])
    assert letters.text([1, 2, 3, 1, 1, 2, 3, 0, 1]) == "hi hi"
    pieces = CtcVocabulary(tokens=["▁the", "s", "开", "车", "▁"], blank=1, separator="▁")
    assert pieces.text([0, 2, 3, 4, 0]) == "the开车 the"


def test_bytes_become_characters_and_halves_are_left_out():
    raw = [f"<0x{byte:02X}>" for byte in "慢".encode()]
    vocabulary = CtcVocabulary(tokens=[*raw, "a"], blank=3, separator="|")
    assert vocabulary.text([0, 1, 2, 3]) == "慢a"
    assert vocabulary.text([0, 1, 3]) == "a"


def test_the_script_tells_the_language():
    assert (script_language("开车 ok"), script_language("slow down")) == ("zh", "en")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        json.dumps({"tokens": ["a"], "blank": 1, "separator": "|"}),
        json.dumps({"tokens": ["a"], "blank": 0, "separator": ""}),
        json.dumps({"tokens": ["a"], "blank": 0, "separator": "|", "silent": [3]}),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(BundleError, match=r"vocabulary\.json is no vocabulary of a CTC model"):
        read_vocabulary(path)
