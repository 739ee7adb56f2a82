from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ctc_folders import LETTERS, make_ctc_folder
from made_voice import voice
from safetensors.torch import load_file, save_file
from transformers import ParakeetFeatureExtractor, ParakeetTokenizer, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor

from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ
from edge.speech.ctc import GreedyCtc, describe, open_acoustic_model, read_vocabulary
from export.exporters.ctc import build
from export.role_build import BuildError
from export.trace import prove_parity, trace


def _theirs(folder: Path, model: torch.nn.Module, samples: np.ndarray) -> tuple[np.ndarray, str]:
    """What the library's own processing makes of the sound: log probabilities and words."""
    parakeet = (folder / "tokenizer.json").is_file()
    extractor = (ParakeetFeatureExtractor if parakeet else Wav2Vec2FeatureExtractor).from_pretrained(folder)
    tokenizer = (ParakeetTokenizer if parakeet else Wav2Vec2CTCTokenizer).from_pretrained(folder)
    inputs = extractor(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
    with torch.inference_mode():
        log_probs = torch.log_softmax(model(**inputs).logits, dim=-1)[0].numpy()
    return log_probs, tokenizer.decode(log_probs.argmax(axis=1))


@pytest.mark.parametrize("kind", ["conformer-relative", "parakeet"])
def test_the_box_hears_what_the_library_hears_at_any_length(kind, tmp_path):
    folder, work = tmp_path / "checkpoint", tmp_path
    model = make_ctc_folder(kind, folder)
    sounds = [voice(duration_s, seed=4) for duration_s in (0.7, 3.21, 11.0)]
    wanted = [_theirs(folder, model, samples) for samples in sounds]

    job = build(folder, {}, work)
    graph = work / "model.onnx"
    trace("model", job.graphs["model"], graph)
    prove_parity("model", job.graphs["model"], graph)

    hears = describe(job.preprocessing)
    listener = open_acoustic_model(Session(graph), hears)
    vocabulary = read_vocabulary(job.tables["vocabulary"])
    for samples, (log_probs, text) in zip(sounds, wanted, strict=True):
        (heard,) = listener.listen(samples)
        frames = len(heard)
        np.testing.assert_allclose(heard, log_probs[:frames], atol=2e-3)
        assert frames == pytest.approx(len(samples) / SAMPLE_RATE_HZ / hears.frame_s, abs=2)
        decoder = GreedyCtc(vocabulary.blank, hears.frame_s)
        decoder.read(heard)
        assert vocabulary.text(decoder.hypothesis.tokens) == " ".join(text.lower().split())
        assert len(decoder.tokens) > 2


def test_rotations_are_those_of_the_library_at_any_length(tmp_path):
    model = make_ctc_folder("conformer-rotary", tmp_path / "checkpoint")
    ours = build(tmp_path / "checkpoint", {}, tmp_path).graphs["model"].module
    for samples in (8000, 33_333):
        audio = torch.randn(1, samples)
        with torch.inference_mode():
            torch.testing.assert_close(ours(audio), torch.log_softmax(model(audio).logits, dim=-1))


def test_a_model_trained_without_normalisation_hears_the_samples_as_they_are(tmp_path):
    make_ctc_folder("wav2vec2-layer", tmp_path / "checkpoint")
    job = build(tmp_path / "checkpoint", {}, tmp_path)
    assert describe(job.preprocessing).features == "samples"


def test_another_architecture_is_named(tmp_path):
    folder = tmp_path / "checkpoint"
    make_ctc_folder("wav2vec2", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "hubert"}))
    with pytest.raises(BuildError, match="'hubert'; this exporter reads wav2vec2, wav2vec2-conformer, parakeet_ctc"):
        build(folder, {}, tmp_path)


def test_a_checkpoint_that_was_not_fine_tuned_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    make_ctc_folder("wav2vec2", folder)
    weights = load_file(folder / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BuildError, match=r"lacks lm_head\.weight"):
        build(folder, {}, tmp_path)


def test_a_model_of_another_sample_rate_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    make_ctc_folder("wav2vec2", folder)
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    with pytest.raises(BuildError, match="hears 8000 Hz"):
        build(folder, {}, tmp_path)


def test_another_mel_spectrogram_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    make_ctc_folder("parakeet", folder)
    ParakeetFeatureExtractor(preemphasis=0.9).save_pretrained(folder)
    with pytest.raises(BuildError, match=r"preemphasis 0\.9"):
        build(folder, {}, tmp_path)


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    folder = tmp_path / "checkpoint"
    make_ctc_folder("wav2vec2", folder)
    moved = {token: number for number, token in enumerate([*LETTERS[1:], LETTERS[0]])}
    (folder / "vocab.json").write_text(json.dumps(moved))
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(BuildError, match="token 0 is blank, the tokenizer says 13"):
        build(folder, {}, tmp_path)
