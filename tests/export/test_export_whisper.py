from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from small_whisper import HEAD_WIDTH, HEADS, LAYERS, MELS, VOCABULARY, make_small_whisper

from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session
from edge.speech.whisper import WhisperModel
from export.graphs.whisper import WhisperEngine, export_whisper
from export.quantize import quantize_transformer, tie_embedding

_GENERATOR = np.random.default_rng(3)


@pytest.fixture(scope="module")
def original() -> WhisperEngine:
    return WhisperEngine(make_small_whisper())


@pytest.fixture(scope="module")
def graphs(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("whisper")
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    export_whisper(make_small_whisper(), encoder, decoder)
    return encoder, decoder


def _normal(*shape: int) -> np.ndarray:
    return _GENERATOR.standard_normal(shape, dtype=np.float32)


def _step(n: int, t: int, past: int, sound: int) -> dict[str, np.ndarray]:
    feeds = {"ids": _GENERATOR.integers(0, VOCABULARY, (n, t))}
    for layer in range(LAYERS):
        feeds[f"past_key_{layer}"] = _normal(n, HEADS, HEAD_WIDTH, past)
        feeds[f"past_value_{layer}"] = _normal(n, HEADS, past, HEAD_WIDTH)
        feeds[f"cross_key_{layer}"] = _normal(1, HEADS, HEAD_WIDTH, sound)
        feeds[f"cross_value_{layer}"] = _normal(1, HEADS, sound, HEAD_WIDTH)
    return feeds


def _assert_same(actual, expected) -> None:
    assert actual.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(actual[name], expected[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("frames", [4, 18, 60, 100])
def test_the_encoder_hears_what_the_original_hears_at_any_length(graphs, original, frames):
    feeds = {"mel": _normal(1, MELS, frames)}
    _assert_same(Session(graphs[0]).run(feeds), original.encode(feeds))


@pytest.mark.parametrize(("n", "t", "past", "sound"), [(1, 1, 0, 2), (1, 4, 0, 11), (5, 1, 9, 50), (2, 3, 1, 30)])
def test_the_decoder_says_what_the_original_says_at_any_length(graphs, original, n, t, past, sound):
    feeds = _step(n, t, past, sound)
    _assert_same(Session(graphs[1]).run(feeds), original.decode(feeds))


def test_reading_token_by_token_is_reading_at_once(graphs):
    model = WhisperModel(Session(graphs[0]), Session(graphs[1]))
    heard = model.encode(_normal(MELS, 40))
    ids = _GENERATOR.integers(0, VOCABULARY, (1, 6))
    at_once, whole = model.step(ids, heard)
    memory = heard
    for place in range(ids.shape[1]):
        one_by_one, memory = model.step(ids[:, place : place + 1], memory)
    np.testing.assert_allclose(one_by_one, at_once, atol=1e-5)
    for name in whole.past:
        np.testing.assert_allclose(memory.past[name], whole.past[name], atol=1e-5)


def test_int8_stores_the_embedding_once_and_means_the_same(graphs, tmp_path):
    int8 = tmp_path / "decoder.int8.onnx"
    quantize_transformer(graphs[1], int8)
    large = [list(item.dims) for item in onnx.load(int8).graph.initializer if VOCABULARY in item.dims[:2]]
    assert large.count([HEADS * HEAD_WIDTH, VOCABULARY]) == 1
    feeds = _step(3, 2, 4, 20)
    assert rms_ratio(Session(int8).run(feeds)["logits"], Session(graphs[1]).run(feeds)["logits"]) < 0.05


def test_a_graph_without_shared_embedding_is_left_as_it_is(graphs, tmp_path):
    int8 = tmp_path / "encoder.int8.onnx"
    quantize_transformer(graphs[0], int8)
    before = int8.read_bytes()
    assert tie_embedding(int8) == 0
    assert int8.read_bytes() == before
