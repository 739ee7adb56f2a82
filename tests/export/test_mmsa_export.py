"""Checkpoints with MMSA's key layout say in our modules what they say in MMSA's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import mmsa_models
import pytest
import torch
from torch import Tensor

from edge.bundle.session import Session
from export.exporters import OptionError, mmsa
from export.exporters.mmsa import read_mmsa_model
from export.role_build import BuildError
from export.trace import prove_parity, trace

OPTIONS = {
    "seq_lens": ",".join(map(str, mmsa_models.FRAMES)),
    "dims": ",".join(map(str, mmsa_models.DIMS)),
    "num_heads": str(mmsa_models.Mult.heads),
}


def saved(state: dict[str, Tensor], folder: Path) -> Path:
    path = folder / "model.pth"
    torch.save(state, path)
    return path


@pytest.mark.parametrize("name", mmsa_models.MODELS)
def test_agrees_with_the_original(name: str, tmp_path: Path) -> None:
    original = mmsa_models.made(name)
    trained = read_mmsa_model(saved(mmsa_models.state_of(original), tmp_path), OPTIONS)
    assert trained.name == name
    values, lengths = mmsa_models.padded_batch()
    with torch.inference_mode():
        wanted = original(*values, lengths) if name == "self_mm" else original(*values)
        found = trained.model(*values, *lengths, torch.ones(4, 3))
    for ours, theirs in {"score": "M", "text_score": "T", "audio_score": "A", "vision_score": "V"}.items():
        if theirs in wanted:
            assert torch.allclose(found[ours], wanted[theirs].squeeze(1), atol=1e-5), ours
    assert float(wanted["M"].std()) > 1e-4, "a constant would agree with anything"


@pytest.mark.parametrize("frames", [(1, 1, 1), (2, 1, 3), (50, 50, 50)], ids=str)
@pytest.mark.parametrize("name", mmsa_models.MODELS)
def test_agrees_at_lengths_from_one_to_fifty(
    name: str, frames: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmsa_models, "FRAMES", frames)
    monkeypatch.setattr(mmsa_models.Mult, "kernels", (1, 1, 1))  # MMSA's own refuses fewer steps than its kernel
    original = mmsa_models.made(name)
    options = {**OPTIONS, "seq_lens": ",".join(map(str, frames))}
    trained = read_mmsa_model(saved(mmsa_models.state_of(original), tmp_path), options)
    values = [torch.randn(4, steps, columns) for steps, columns in zip(frames, mmsa_models.DIMS, strict=True)]
    lengths = [torch.full((4,), steps) for steps in frames]
    with torch.inference_mode():
        wanted = original(*values, lengths) if name == "self_mm" else original(*values)
        found = trained.model(*values, *lengths, torch.ones(4, 3))
    assert torch.allclose(found["score"], wanted["M"].squeeze(1), atol=1e-5)


@pytest.mark.parametrize("name", ["mult", "mfn"])
def test_features_of_one_step_a_modality_make_a_graph(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmsa_models, "FRAMES", (1, 1, 1))
    monkeypatch.setattr(mmsa_models.Mult, "kernels", (1, 1, 1))
    path = saved(mmsa_models.state_of(mmsa_models.made(name)), tmp_path)
    graph = mmsa.build(path, {**OPTIONS, "seq_lens": "1,1,1"}, tmp_path).graphs["model"]
    trace("model", graph, tmp_path / "model.onnx")
    assert prove_parity("model", graph, tmp_path / "model.onnx")["sizes"]
    shapes = Session(tmp_path / "model.onnx").input_shapes
    assert [shapes[side][1] for side in ("text", "audio", "vision")] == [1, 1, 1]


def test_the_padding_of_a_batch_does_not_matter(tmp_path: Path) -> None:
    """The graph pads to the training's length by itself, so a short batch gives the same score."""
    trained = read_mmsa_model(saved(mmsa_models.state_of(mmsa_models.made("tfn")), tmp_path), OPTIONS)
    values, lengths = mmsa_models.padded_batch()
    with torch.inference_mode():
        whole = trained.model(*values, *lengths, torch.ones(4, 3))["score"]
        short = trained.model(*(v[2:3, :3] for v in values), *(n[2:3] for n in lengths), torch.ones(1, 3))["score"]
    assert torch.allclose(whole[2:3], short, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "option"), [("tfn", "seq_lens"), ("ef_lstm", "dims"), ("mult", "num_heads"), ("mfn", "seq_lens")]
)
def test_what_the_weights_do_not_say_is_asked_for(name: str, option: str, tmp_path: Path) -> None:
    path = saved(mmsa_models.state_of(mmsa_models.made(name)), tmp_path)
    options = {key: value for key, value in OPTIONS.items() if key != option}
    with pytest.raises(OptionError, match=f"--set {option}="):
        read_mmsa_model(path, options)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    state = mmsa_models.state_of(mmsa_models.made("tfn"))
    del state["Model.post_fusion_layer_2.bias"]
    with pytest.raises(
        BuildError, match=r"model\.pth does not fit MMSA's tfn: it lacks Model\.post_fusion_layer_2\.bias;"
    ):
        read_mmsa_model(saved(state, tmp_path), OPTIONS)


def test_a_missing_key_that_the_sizes_hang_on_is_named(tmp_path: Path) -> None:
    state = mmsa_models.state_of(mmsa_models.made("tfn"))
    del state["Model.video_subnet.linear_1.weight"]
    with pytest.raises(BuildError, match=r"lacks Model\.video_subnet\.linear_1\.weight"):
        read_mmsa_model(saved(state, tmp_path), OPTIONS)


def test_a_key_too_much_is_named(tmp_path: Path) -> None:
    state = mmsa_models.state_of(mmsa_models.made("lmf")) | {"Model.alien.weight": torch.zeros(2)}
    with pytest.raises(BuildError, match=r"has besides Model\.alien\.weight;"):
        read_mmsa_model(saved(state, tmp_path), OPTIONS)


def key_and_spoils(state: dict[str, Tensor]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The state with each tensor left away, made a single number, or grown by one along each axis."""
    for key, value in state.items():
        yield key, {name: other for name, other in state.items() if name != key}
        yield key, {**state, key: torch.tensor(1.0)}
        yield key, {**state, key: torch.zeros([size + 1 for size in value.shape])}


_REPEATED = re.compile(r"trans_(?!l_with_a|l_mem)|layers\.[12]\.")
_NOT_READ = ("num_batches_tracked", ".version", "text_model.model.weight", "text_model.model.bias")
_ONE_NUMBER = ("output_range", "output_shift", "fusion_bias")


@pytest.mark.parametrize("name", mmsa_models.MODELS)
def test_any_tensor_that_is_not_as_it_should_be_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mmsa_models.state_of(mmsa_models.made(name))
    path = saved(whole, tmp_path)
    for key, state in key_and_spoils(whole):
        if _REPEATED.search(key):
            continue
        if key.endswith(_NOT_READ) or (key.endswith(_ONE_NUMBER) and key in state and state[key].ndim == 0):
            continue
        monkeypatch.setattr(mmsa, "read_checkpoint", lambda _, state=state: state)
        with pytest.raises(BuildError, match=r"does not fit MMSA's|no model of MMSA|was trained on"):
            read_mmsa_model(path, OPTIONS)


def test_another_model_of_mmsa_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"no model of MMSA that can be exported .*mctn_encoder\.weight"):
        read_mmsa_model(saved({"Model.mctn_encoder.weight": torch.zeros(2, 2)}, tmp_path), OPTIONS)


def test_features_of_other_columns_are_told(tmp_path: Path) -> None:
    path = saved(mmsa_models.state_of(mmsa_models.made("tfn")), tmp_path)
    with pytest.raises(BuildError, match=r"columns, text 10, audio 33, vision 9 are given"):
        read_mmsa_model(path, {**OPTIONS, "dims": "10,33,9"})
