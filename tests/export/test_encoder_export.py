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
from encoder_folders import ARCHITECTURES, CLASSIFIERS, KINDS, make_encoder_folder

from export.checkpoint import read_checkpoint
from export.export_job import ExportJob
from export.exporters.detect import detect
from export.role_build import BuildError
from export.trace import check_weights, prove_parity, trace


def job_of(folder: Path, work: Path) -> tuple[str, ExportJob]:
    exporter = detect(folder, "encoder")
    options = {"most_s": "2"} if exporter.name == "audio" else {}
    return exporter.name, exporter.build(folder, options, work)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_folder_says_what_it_is(name: str, tmp_path: Path) -> None:
    kind, job = job_of(make_encoder_folder(name, tmp_path / name), tmp_path)
    assert kind == KINDS.get(name, "vision")
    graph = job.graphs["model"]
    with torch.inference_mode():
        values = graph.module(*(torch.from_numpy(np.asarray(value)) for value in job.golden_inputs["model"].values()))
    assert len(values) == len(graph.outputs)
    assert all(bool(torch.isfinite(value).all()) for value in values)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_head_is_exported_as_what_it_is(name: str, tmp_path: Path) -> None:
    folder = make_encoder_folder(name, tmp_path / "folder")
    kind, job = job_of(folder, tmp_path)
    graph = job.graphs["model"]
    inputs = graph.example({"n": 2, "tokens": 7, "samples": 4000})
    original = getattr(transformers, CLASSIFIERS[name][1]).from_pretrained(folder).eval()
    if kind == "audio":
        sound = inputs["samples"]
        sound = (sound - sound.mean(1, keepdim=True)) / (sound.var(1, keepdim=True, correction=0) + 1e-7).sqrt()
        given: dict[str, torch.Tensor] = {"input_values": sound}
    else:
        given = dict(inputs)
    with torch.inference_mode():
        logits = original(**given).logits
        found = dict(zip(graph.outputs, graph.module(*inputs.values()), strict=True))
    wanted = {"classes": logits.softmax(1), "weighted": logits.softmax(1), "many": logits.sigmoid(), "number": logits}
    output = "score" if name.endswith("number") else "probabilities"
    torch.testing.assert_close(found[output], wanted[name.rsplit(maxsplit=1)[-1]], atol=1e-5, rtol=0)
    assert job.labels == (["LABEL_0"] if output == "score" else ["sad", "calm", "glad"])
    assert not any("head" in note for note in job.not_checked)


def test_a_head_that_is_left_out_is_told(tmp_path: Path) -> None:
    _, job = job_of(make_encoder_folder("bert", tmp_path / "bert"), tmp_path)
    assert "the head of BertForMaskedLM: only its encoder is in the graph" in job.not_checked
    _, job = job_of(make_encoder_folder("xlm-r", tmp_path / "xlm-r"), tmp_path)
    assert not any("head" in note for note in job.not_checked)


@pytest.mark.parametrize("name", ["xlm-r", "resnet"])
def test_equal_to_torch_at_lengths_not_traced(name: str, tmp_path: Path) -> None:
    _, job = job_of(make_encoder_folder(name, tmp_path / name), tmp_path)
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
    folder = make_encoder_folder("xlm-r", tmp_path / "xlm-r")
    spoil(folder, change)
    with pytest.raises(BuildError, match=sentence):
        job_of(folder, tmp_path)


def test_a_folder_cut_short_is_told(tmp_path: Path) -> None:
    folder = make_encoder_folder("xlm-r", tmp_path / "xlm-r")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BuildError, match="cannot be loaded"):
        job_of(folder, tmp_path)
    with pytest.raises(BuildError, match="damaged or cut short"):
        read_checkpoint(weights)


def test_nan_in_a_folder_is_named(tmp_path: Path) -> None:
    _, job = job_of(make_encoder_folder("xlm-r", tmp_path / "xlm-r"), tmp_path)
    module = job.graphs["model"].module
    next(module.parameters()).data[0, 0] = float("nan")
    with pytest.raises(BuildError, match=r"word_embeddings\.weight"):
        check_weights(module, "model")
