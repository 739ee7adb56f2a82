"""Files that are no checkpoint are told for what they are, with the remedy; wrapped weights are unwrapped."""

from __future__ import annotations

import sys
import types
import zipfile
from pathlib import Path
from unittest.mock import patch

import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from export.checkpoint import folder_config, read_checkpoint, state_of, weights_of
from export.file_kind import other_kind
from export.role_build import BuildError

WEIGHTS = {"layer.weight": torch.ones(2, 2), "layer.bias": torch.zeros(2)}


def made(kind: str, path: Path) -> Path:
    if kind == "onnx":
        value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value])
        onnx.save(onnx.helper.make_model(graph, producer_name="somebody"), path)
    elif kind == "torchscript":
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))
    elif kind == "keras":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.weights.h5", b"")
    else:
        path.write_bytes(
            {
                "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
                "gguf": b"GGUF\x03\0\0\0",
                "hdf5": b"\x89HDF\r\n\x1a\n\0",
                "tflite": b"\x1c\0\0\0TFL3\0\0",
                "page": b"<!DOCTYPE html><html>",
            }[kind]
        )
    return path


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("lfs", "git lfs pull"),
        ("onnx", "emvas export onnx"),
        ("torchscript", r"state_dict\(\)"),
        ("keras", "safetensors"),
        ("gguf", "llama"),
        ("hdf5", "Keras"),
        ("tflite", "TFLite"),
        ("page", "download it again"),
    ],
)
def test_mei_brings_a_file_that_is_no_checkpoint_and_is_told_what_to_do(kind: str, remedy: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path / "weights.pth")
    with pytest.raises(BuildError, match=rf"weights\.pth is an? .*{remedy}"):
        read_checkpoint(path)


def test_an_adapter_is_told_from_a_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(BuildError, match="LoRA adapter"):
        folder_config(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {f"module.{name}": value for name, value in WEIGHTS.items()},
        {f"_orig_mod.module.{name}": value for name, value in WEIGHTS.items()},
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in WEIGHTS.items()}},
        {"model_state_dict": WEIGHTS, "optimizer": {"lr": 1.0}},
    ],
)
def test_wrapped_weights_are_the_weights(content: dict[str, object], tmp_path: Path) -> None:
    torch.save(content, tmp_path / "some.pth")
    found = state_of(tmp_path / "some.pth", read_checkpoint(tmp_path / "some.pth"))
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in WEIGHTS.items()
    }


def test_a_name_that_only_some_have_is_no_prefix() -> None:
    mixed = {"module.a": 1, "b": 2}
    assert weights_of(mixed) == mixed


@given(st.binary(max_size=80))
def test_no_bytes_are_a_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pth"
    path.write_bytes(content)
    said = other_kind(path)
    assert said is None or ":" in said


def test_a_checkpoint_of_ultralytics_is_sent_to_its_own_exporter(tmp_path: Path) -> None:
    package, module = types.ModuleType("ultralytics"), types.ModuleType("ultralytics.tasks")
    model = type("ClassificationModel", (torch.nn.Linear,), {"__module__": "ultralytics.tasks"})
    module.ClassificationModel = model  # type: ignore[attr-defined]
    with patch.dict(sys.modules, {"ultralytics": package, "ultralytics.tasks": module}):
        torch.save({"epoch": 1, "model": model(2, 2)}, tmp_path / "best.pt")
    with pytest.raises(BuildError, match=r"Python objects, .* Ultralytics' own; there .*onnx.*emvas export onnx"):
        read_checkpoint(tmp_path / "best.pt")
