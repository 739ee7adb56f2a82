from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_voice import voice
from safetensors.torch import load_file, save_file
from transformers import WhisperForConditionalGeneration
from wav_files import write_wav
from whisper_folders import make_whisper_folder

from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session
from edge.speech.log_mel import WHISPER_BANDS
from edge.speech.whisper import WhisperDecoder, WhisperModel, WhisperTokens
from export.export_job import ExportJob
from export.exporters.whisper import build
from export.graphs.whisper import WhisperEngine
from export.role_build import BuildError
from export.trace import prove_parity, trace

pytestmark = pytest.mark.bundle


@pytest.fixture(scope="module", params=WHISPER_BANDS)
def made(request, tmp_path_factory, bundle_dir) -> tuple[Path, ExportJob]:
    """The shapes of a base and, with 128 mel bands, of a large-v3."""
    folder = tmp_path_factory.mktemp("whisper")
    make_whisper_folder(folder / "checkpoint", bundle_dir, num_mel_bins=request.param)
    (folder / "list.tsv").write_text(f"{write_wav(folder / 'voice.wav', voice(2.0)).name}\thello\n", encoding="utf-8")
    listed = str(folder / "list.tsv")
    job = build(folder / "checkpoint", {"calibration": listed, "evaluation": listed}, folder)
    return folder, job


@pytest.fixture(scope="module")
def graphs(made) -> dict[str, Path]:
    folder, job = made
    paths = {name: folder / f"{name}.onnx" for name in job.graphs}
    for name, path in paths.items():
        trace(name, job.graphs[name], path)
        prove_parity(name, job.graphs[name], path)
    return paths


def test_both_graphs_say_what_the_library_says(made, graphs):
    folder, job = made
    model = WhisperForConditionalGeneration.from_pretrained(folder / "checkpoint", attn_implementation="eager")
    engine = WhisperEngine(model)
    for name, run in (("encoder", engine.encode), ("decoder", engine.decode)):
        feeds = job.golden_inputs[name]
        wanted, found = run(feeds), Session(graphs[name]).run(feeds)
        assert set(found) == set(wanted)
        for output in wanted:
            assert rms_ratio(found[output], wanted[output]) < 1e-4


def test_the_recognizer_of_the_box_reads_with_it(made, graphs):
    _, job = made
    model = WhisperModel(Session(graphs["encoder"]), Session(graphs["decoder"]))
    tokens = WhisperTokens(job.tables["tokenizer"], job.tables["decoding"])
    assert model.bands == job.golden_inputs["encoder"]["mel"].shape[1]
    look = WhisperDecoder(model, tokens, tuple(tokens.languages)).look(voice(1.5), 10.0)
    assert look.hypothesis.tokens and look.language.name in tokens.languages
    assert not set(look.hypothesis.tokens) & set(np.flatnonzero(np.isinf(tokens.never)))


def test_the_task_judges_and_the_calibration_holds_real_steps(made, graphs):
    _, job = made
    assert job.task is not None and job.task.samples == 1
    assert float(job.task.score({name: Session(path) for name, path in graphs.items()})) > 0.5  # random weights
    steps = job.calibration["decoder"]
    assert [step["past_key_0"].shape[3] for step in steps] == [4, 5, 6, 7, 8, 9]
    assert job.golden_inputs["decoder"]["ids"].shape == (1, 1)


def test_an_older_folder_is_read_too(tmp_path, bundle_dir):
    folder = tmp_path / "checkpoint"
    make_whisper_folder(folder, bundle_dir)
    table = (folder / "tokenizer.json").read_text(encoding="utf-8").replace("<|nospeech|>", "<|nocaptions|>")
    (folder / "tokenizer.json").write_text(table, encoding="utf-8")
    generation = json.loads((folder / "generation_config.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    config |= {key: generation[key] for key in ("suppress_tokens", "begin_suppress_tokens")}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").unlink()
    job = build(folder, {}, tmp_path)
    tokens = WhisperTokens(job.tables["tokenizer"], job.tables["decoding"])
    assert np.isinf(tokens.never[generation["suppress_tokens"][0]])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"num_mel_bins": 96}, "num_mel_bins is 96; .* with 80 or 128"),
        ({"max_source_positions": 750}, "max_source_positions is 750"),
    ],
)
def test_a_whisper_that_hears_otherwise_is_refused(tmp_path, bundle_dir, config, words):
    make_whisper_folder(tmp_path / "checkpoint", bundle_dir, **config)
    with pytest.raises(BuildError, match=words):
        build(tmp_path / "checkpoint", {}, tmp_path)


def test_missing_weights_and_a_foreign_tokenizer_are_told(tmp_path, bundle_dir):
    folder = tmp_path / "checkpoint"
    make_whisper_folder(folder, bundle_dir)
    table = (folder / "tokenizer.json").read_text(encoding="utf-8").replace("<|zh|>", "<|xx|>")
    (folder / "tokenizer.json").write_text(table, encoding="utf-8")
    with pytest.raises(BuildError, match=r"no token <\|zh\|>.*a multilingual Whisper is wanted"):
        build(folder, {}, tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["model.encoder.conv1.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BuildError, match=r"lacks model\.encoder\.conv1\.weight"):
        build(folder, {}, tmp_path)
