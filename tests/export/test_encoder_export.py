"""Encoders of Hugging Face with random weights: read from their folder, traced, equal to torch at other lengths.

One architecture a kind is traced here; the others differ in layers that torch's exporter knows, and are only built.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from export.checkpoint import read_checkpoint
from export.exporters.detect import detect
from export.job import ExportJob
from export.role import BuildError
from export.trace import check_weights, prove_parity, trace

WORDS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}
SOUND = {
    **{key: value for key, value in WORDS.items() if key != "vocab_size"},
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
STAGES = {"hidden_sizes": [8, 16], "depths": [1, 1], "num_labels": 7}
PATCHES = {**WORDS, "image_size": 32, "patch_size": 8, "num_labels": 7}
ARCHITECTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertConfig", "BertForMaskedLM", {**WORDS, "max_position_embeddings": 64}),
    "xlm-r": ("XLMRobertaConfig", "XLMRobertaModel", {**WORDS, "max_position_embeddings": 66}),
    "resnet": ("ResNetConfig", "ResNetForImageClassification", {**STAGES, "embedding_size": 8}),
    "mobilenet": (
        "MobileNetV2Config",
        "MobileNetV2ForImageClassification",
        {"num_labels": 7, "depth_multiplier": 0.25},
    ),
    "vit": ("ViTConfig", "ViTForImageClassification", PATCHES),
    "convnext": ("ConvNextConfig", "ConvNextForImageClassification", {**STAGES, "num_stages": 2}),
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model", SOUND),
    "hubert": ("HubertConfig", "HubertModel", SOUND),
    "wavlm": ("WavLMConfig", "WavLMModel", SOUND),
}
KINDS = {"bert": "text", "xlm-r": "text", "wav2vec2": "audio", "hubert": "audio", "wavlm": "audio"}
PREPROCESSOR = {"size": {"height": 32, "width": 32}, "sampling_rate": 16000, "do_normalize": True}


def saved(name: str, folder: Path) -> Path:
    torch.manual_seed(3)
    config, model, settings = ARCHITECTURES[name]
    made = getattr(transformers, model)(getattr(transformers, config)(**settings))
    made.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "next": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    return folder


def job_of(folder: Path, work: Path) -> tuple[str, ExportJob]:
    exporter = detect(folder, "encoder")
    options = {"most_s": "2"} if exporter.name == "audio" else {}
    return exporter.name, exporter.build(folder, options, work)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_folder_says_what_it_is(name: str, tmp_path: Path) -> None:
    kind, job = job_of(saved(name, tmp_path / name), tmp_path)
    assert kind == KINDS.get(name, "vision")
    graph = job.graphs["model"]
    with torch.inference_mode():
        values = graph.module(*(torch.from_numpy(np.asarray(value)) for value in job.golden_inputs["model"].values()))
    assert len(values) == len(graph.outputs)
    assert all(bool(torch.isfinite(value).all()) for value in values)


@pytest.mark.parametrize("name", ["xlm-r", "resnet"])
def test_equal_to_torch_at_lengths_not_traced(name: str, tmp_path: Path) -> None:
    _, job = job_of(saved(name, tmp_path / name), tmp_path)
    graph = job.graphs["model"]
    trace("model", graph, tmp_path / "model.onnx")
    figures = prove_parity("model", graph, tmp_path / "model.onnx")
    assert len(figures["sizes"]) == 3
    assert max(figures["max_abs"].values()) <= 1e-4


def spoil(folder: Path, change: dict[str, Any]) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"num_hidden_layers": 3}, "lacks encoder.layer.2"),
        ({"num_hidden_layers": 1}, "has besides"),
        ({"intermediate_size": 40}, "do not fit config.json|cannot be loaded"),
    ],
)
def test_weights_of_another_architecture_are_told(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    folder = saved("xlm-r", tmp_path / "xlm-r")
    spoil(folder, change)
    with pytest.raises(BuildError, match=sentence):
        job_of(folder, tmp_path)


def test_a_folder_cut_short_is_told(tmp_path: Path) -> None:
    folder = saved("xlm-r", tmp_path / "xlm-r")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BuildError, match="cannot be loaded"):
        job_of(folder, tmp_path)
    with pytest.raises(BuildError, match="damaged or cut short"):
        read_checkpoint(weights)


def test_nan_in_a_folder_is_named(tmp_path: Path) -> None:
    _, job = job_of(saved("xlm-r", tmp_path / "xlm-r"), tmp_path)
    module = job.graphs["model"].module
    next(module.parameters()).data[0, 0] = float("nan")
    with pytest.raises(BuildError, match=r"word_embeddings\.weight"):
        check_weights(module, "model")
