"""From a trained speech model's checkpoint through the commands to what the box hears with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conformer_files import TOKENS, make_conformer
from ctc_folders import make_ctc_folder
from made_voice import silence, voice
from role_bundle import make_role_bundle
from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor
from wav_files import write_wav

from edge.cli.main import main
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech import segmenter
from edge.speech.log_mel import FRONT_ENDS, HOP_SAMPLES, MEL_BANDS, STREAMED
from export.sample_speech import read_speech
from training.asr.model import ConformerCtc

pytestmark = pytest.mark.bundle

_TINY = """
model: {{hidden: 32, layers: 1, heads: 2, feed_forward: 48, kernel: 5, subsampling_channels: 4, dropout: 0.0}}
training: {{units: words, epochs: {epochs}, frames_per_batch: 800, warmup_batches: 10, learning_rate: 0.005}}
augment: null
"""
_DESK = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"


def _emvas(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def _transcripts(checkpoint: Path, sound: Path, bundle_dir: Path, folder: Path) -> list[dict[str, object]]:
    """Export, then replay: the transcripts that the box gives."""
    bundle = make_role_bundle(folder / "bundle", bundle_dir, "vad")
    output = _emvas("export", "asr", checkpoint, "--into", bundle, "--out", folder / "new", "--variant", "fp32")
    assert "emvas check" in output
    _emvas("check", "--bundle", folder / "new")
    _emvas("replay", sound, "--config", _DESK, "--bundle", folder / "new", "--jsonl", folder / "out.jsonl")
    records = [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    return [record for record in records if record["kind"] == "transcript"]


def _cut(sound: Path, transcript: dict[str, object]) -> Float32:
    """What the recognizer heard: the speech, and so many windows before and after it."""
    start, end = (round(float(transcript[key]) * SAMPLE_RATE_HZ) for key in ("start_s", "end_s"))
    padding = round(segmenter._PADDING * segmenter._WINDOW_S * SAMPLE_RATE_HZ)
    return read_speech(sound, 30.0)[start - padding : end + padding]


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    samples = np.concatenate([silence(0.8), voice(1.9, seed=3), silence(1.2), voice(1.1, seed=8), silence(0.8)])
    return write_wav(tmp_path_factory.mktemp("sound") / "talk.wav", samples)


def _conformer_text(model: ConformerCtc, samples: Float32) -> str:
    chunk = model.config.streaming.chunk_frames * model.config.subsampling * HOP_SAMPLES
    mel = torch.from_numpy(FRONT_ENDS[STREAMED](np.pad(samples, (0, -len(samples) % chunk)), MEL_BANDS))[None]
    with torch.inference_mode():
        best = model(mel, torch.tensor([mel.shape[1]]))[0][0].argmax(dim=-1).tolist()
    kept = [token for place, token in enumerate(best) if token and (place == 0 or token != best[place - 1])]
    return " ".join("".join(TOKENS[token] for token in kept).replace("▁", " ").split())


def test_a_streaming_conformer_is_exported_and_heard_with(tmp_path, bundle_dir, sound):
    model = make_conformer(tmp_path / "model.pt", streaming=True)
    transcripts = _transcripts(tmp_path / "model.pt", sound, bundle_dir, tmp_path)
    assert len(transcripts) == 2
    for transcript in transcripts:
        assert transcript["text"] == _conformer_text(model, _cut(sound, transcript))
        assert 0.3 < transcript["confidence"] <= 1


def _word_list(folder: Path, name: str, seeds: range) -> Path:
    """Every stretch of the made voice is the word `hello`."""
    folder.mkdir(exist_ok=True)
    lines = []
    for seed in seeds:
        samples = np.concatenate([silence(0.3), voice(0.8 + 0.1 * (seed % 5), seed=seed), silence(0.3)])
        lines.append(f"{write_wav(folder / f'{name}-{seed}.wav', samples).name}\thello\n")
    path = folder / f"{name}.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_a_model_is_trained_exported_and_heard_with(tmp_path, bundle_dir, sound):
    """A tiny model learns one word; before it has learnt, it hears nothing."""
    config = tmp_path / "tiny.yaml"
    lists = _word_list(tmp_path / "lists", "train", range(20, 32)), _word_list(tmp_path / "lists", "valid", range(3))
    texts = []
    for epochs in (1, 30):
        config.write_text(_TINY.format(epochs=epochs), encoding="utf-8")
        out = tmp_path / f"run-{epochs}"
        output = _emvas("train", "asr", "--config", config, "--train", lists[0], "--valid", lists[1], "--out", out)
        assert f"emvas export asr {out / 'best.pt'}" in output
        (tmp_path / f"way-{epochs}").mkdir()
        transcripts = _transcripts(out / "best.pt", sound, bundle_dir, tmp_path / f"way-{epochs}")
        texts.append([transcript["text"] for transcript in transcripts])
    assert texts == [[], ["hello", "hello"]]


def test_a_wav2vec2_of_hugging_face_is_exported_and_heard_with(tmp_path, bundle_dir, sound):
    model = make_ctc_folder("wav2vec2", tmp_path / "checkpoint")
    transcripts = _transcripts(tmp_path / "checkpoint", sound, bundle_dir, tmp_path)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path / "checkpoint")
    tokenizer = Wav2Vec2CTCTokenizer.from_pretrained(tmp_path / "checkpoint")
    assert len(transcripts) == 2
    for transcript in transcripts:
        inputs = extractor(_cut(sound, transcript), sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            best = model(**inputs).logits[0].argmax(dim=-1)
        assert transcript["text"] == " ".join(tokenizer.decode(best).lower().split())
        assert transcript["language"] == "en"
