from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conformer_files import CONFIG, TOKENS, make_conformer
from made_voice import voice

from edge.bundle.manifest import BundleError
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ
from edge.speech.ctc import ChunkedModel, CtcDescription, describe, open_acoustic_model
from edge.speech.log_mel import FRONT_ENDS, MEL_BANDS, STREAMED
from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.conformer import build, prove_chunks
from export.role_build import BuildError
from export.trace import prove_parity, trace
from training.asr.checkpoint import AsrCheckpoint
from training.asr.model import ConformerCtc

_CHUNK = 6 * 4 * 160
"""Samples of a chunk of the streaming model: output frames times subsampling times 10 ms."""


def _exported(folder: Path, streaming: bool, options: dict[str, str]) -> tuple[ConformerCtc, ExportJob, Path]:
    model = make_conformer(folder / "model.pt", streaming)
    job = build(folder / "model.pt", options, folder)
    trace("model", job.graphs["model"], folder / "model.onnx")
    prove_parity("model", job.graphs["model"], folder / "model.onnx")
    return model, job, folder / "model.onnx"


@pytest.fixture(scope="module")
def chunked(tmp_path_factory) -> tuple[ConformerCtc, ExportJob, Path]:
    return _exported(tmp_path_factory.mktemp("chunked"), True, {})


def _torch(model: ConformerCtc, samples: np.ndarray) -> np.ndarray:
    mel = torch.from_numpy(FRONT_ENDS[STREAMED](samples, MEL_BANDS))[None]
    with torch.inference_mode():
        return model(mel, torch.tensor([mel.shape[1]]))[0][0].numpy()


@pytest.mark.parametrize("streaming", [False, True])
def test_a_whole_utterance_is_heard_as_torch_hears_it(tmp_path, streaming):
    model, job, graph = _exported(tmp_path, streaming, {"mode": "full"})
    listener = open_acoustic_model(Session(graph), describe(job.preprocessing))
    for duration_s in (0.73, 2.4, 9.1):
        samples = voice(duration_s, seed=6)
        (heard,) = listener.listen(samples)
        np.testing.assert_allclose(heard, _torch(model, samples), atol=1e-4)


@pytest.mark.parametrize("chunks", [3, 4, 11])
def test_chunk_by_chunk_the_graph_says_what_torch_says_of_the_whole_sound(chunked, chunks):
    model, job, graph = chunked
    samples = voice(chunks * _CHUNK / SAMPLE_RATE_HZ, seed=2)
    listener = open_acoustic_model(Session(graph), describe(job.preprocessing))
    pieces = list(listener.listen(samples))
    assert len(pieces) == chunks
    np.testing.assert_allclose(np.concatenate(pieces), _torch(model, samples), atol=1e-4)


def test_the_next_sound_is_not_heard_with_the_memory_of_the_last(chunked):
    _, job, graph = chunked
    listener = open_acoustic_model(Session(graph), describe(job.preprocessing))
    samples = voice(1.3, seed=9)
    first, second = (np.concatenate(list(listener.listen(samples))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_words_come_while_somebody_speaks_and_do_not_depend_on_how_the_sound_arrives(chunked):
    _, job, graph = chunked
    listener = open_acoustic_model(Session(graph), describe(job.preprocessing))
    assert isinstance(listener, ChunkedModel)
    samples = voice(2.05, seed=1)
    at_once = np.concatenate(list(listener.listen(samples)))
    pieces, early = [], 0
    for piece in np.split(samples, [100, 5000, 5001, 20000, 31000]):
        pieces += list(listener.step(piece))
        early = early or len(pieces)
    assert 0 < early < len(pieces)
    np.testing.assert_allclose(np.concatenate([*pieces, *listener.finish()]), at_once, atol=1e-4)


def test_golden_inputs_are_a_chunk_in_the_middle_of_a_sound(chunked):
    _, job, graph = chunked
    feeds = job.golden_inputs["model"]
    assert feeds["seen"] > 0 and np.abs(feeds["key_cache"]).max() > 0
    assert set(feeds) == set(Session(graph).input_names)


def test_the_recognizer_of_the_task_reads_greedily_what_torch_reads(chunked):
    model, job, graph = chunked
    samples = voice(5 * _CHUNK / SAMPLE_RATE_HZ, seed=2)
    best = _torch(model, samples).argmax(axis=1)
    kept = [token for place, token in enumerate(best) if token and (place == 0 or token != best[place - 1])]
    wanted = " ".join("".join(TOKENS[token] for token in kept).replace("▁", " ").split())
    assert len(wanted) > 3
    assert _recognize(job, graph, samples) == wanted


def _recognize(job: ExportJob, graph: Path, samples: np.ndarray) -> str:
    from edge.speech.ctc import GreedyCtc, read_vocabulary

    hears, vocabulary = describe(job.preprocessing), read_vocabulary(job.tables["vocabulary"])
    decoder = GreedyCtc(vocabulary.blank, hears.frame_s)
    for piece in open_acoustic_model(Session(graph), hears).listen(samples):
        decoder.read(piece)
    return vocabulary.text(decoder.hypothesis.tokens)


def test_a_model_of_whole_utterances_cannot_stream(tmp_path):
    make_conformer(tmp_path / "model.pt", streaming=False)
    with pytest.raises(OptionError, match="trained to hear whole utterances"):
        build(tmp_path / "model.pt", {"mode": "streaming"}, tmp_path)
    with pytest.raises(OptionError, match="did you mean streaming"):
        build(tmp_path / "model.pt", {"mode": "streamin"}, tmp_path)


def test_a_front_end_that_needs_the_whole_utterance_cannot_stream(tmp_path, chunked):
    make_conformer(tmp_path / "model.pt", streaming=True, features="log_mel")
    with pytest.raises(BuildError, match="needs the whole utterance"):
        build(tmp_path / "model.pt", {}, tmp_path)
    with pytest.raises(BundleError, match="cannot give: streamed_log_mel can"):
        open_acoustic_model(Session(chunked[2]), CtcDescription(features="log_mel", frame_s=0.04, least_s=0.5))


def test_a_front_end_that_the_appliance_lacks_is_named(tmp_path):
    model = make_conformer(tmp_path / "model.pt", streaming=False)
    AsrCheckpoint(tmp_path / "model.pt", CONFIG, TOKENS, model.state_dict(), "mfcc").save()
    with pytest.raises(BuildError, match="trained on 'mfcc'; the appliance hears"):
        build(tmp_path / "model.pt", {}, tmp_path)


def test_a_config_of_another_model_is_refused(tmp_path):
    model = make_conformer(tmp_path / "model.pt", streaming=False)
    AsrCheckpoint(tmp_path / "model.pt", {**CONFIG, "width": 3}, TOKENS, model.state_dict(), STREAMED).save()
    with pytest.raises(BuildError, match=r"describes no Conformer-CTC of this version: .*width"):
        build(tmp_path / "model.pt", {}, tmp_path)


def test_caches_that_lose_something_are_found(tmp_path):
    model = make_conformer(tmp_path / "model.pt", streaming=True)
    model.encoder.left_chunks += 1
    with pytest.raises(BuildError, match="its caches lose something"):
        prove_chunks(model)
