"""The rounded graph of the carrier becomes a plain one that says the same."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.session import Session
from export.role_build import BuildError, FreeAxis
from export.sources.yamnet import plain, read_quantized
from export.tensorrt.lint import lint_graph

FRAMES, BANDS, WIDE, CLASSES = 4, 6, 3, 5
SCALE = 0.02


def rounded(name: str, kind: int) -> list[onnx.NodeProto]:
    """Q and DQ around a tensor."""
    zero = "zero_u8" if kind == TensorProto.UINT8 else "zero_i8"
    return [
        helper.make_node("QuantizeLinear", [name, "scale", zero], [f"{name}_q"]),
        helper.make_node("DequantizeLinear", [f"{name}_q", "scale", zero], [f"{name}_dq"]),
    ]


def carrier(folder: Path) -> Path:
    """A zip as the carrier's: convolution, pooling, a fixed shape and a product, all rounded to 8 bits."""
    draw = np.random.default_rng(0)
    weights = {
        "kernel": draw.uniform(-0.5, 0.5, (WIDE, 1, 3, 3)).astype(np.float32),
        "weight": draw.uniform(-0.5, 0.5, (CLASSES, WIDE)).astype(np.float32),
        "shape": np.array([1, -1]),
        "scale": np.array(SCALE, np.float32),
        "zero_u8": np.array(100, np.uint8),
        "zero_i8": np.array(0, np.int8),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["audio", "scale", "zero_u8"], ["heard"]),
        *rounded("kernel", TensorProto.INT8),
        *rounded("weight", TensorProto.INT8),
        helper.make_node("Conv", ["heard", "kernel_dq"], ["seen"], pads=[1, 1, 1, 1]),
        *rounded("seen", TensorProto.UINT8),
        helper.make_node("GlobalAveragePool", ["seen_dq"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight_dq"], ["found"], transB=1),
        helper.make_node("QuantizeLinear", ["found", "scale", "zero_u8"], ["class_scores"]),
    ]
    sides = [
        helper.make_tensor_value_info("audio", TensorProto.UINT8, [1, 1, FRAMES, BANDS]),
        helper.make_tensor_value_info("class_scores", TensorProto.UINT8, [1, CLASSES]),
    ]
    held = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "g", sides[:1], sides[1:], held)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9),
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.data",
        size_threshold=0,
    )
    path = folder / "carrier.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("model.onnx", "model.data"):
            packed.write(folder / name, f"job/{name}")
    return path


def test_the_plain_graph_says_what_the_rounded_one_does_and_takes_any_batch(tmp_path: Path) -> None:
    quantized = read_quantized(carrier(tmp_path))
    onnx.save(quantized, tmp_path / "whole.onnx")
    onnx.save(plain(quantized), tmp_path / "plain.onnx")
    mel = np.random.default_rng(1).uniform(-1, 1, (2, 1, FRAMES, BANDS)).astype(np.float32)
    codes = np.clip(np.round(mel / SCALE) + 100, 0, 255).astype(np.uint8)
    (whole,) = Session(tmp_path / "whole.onnx").run({"audio": codes[:1]}).values()
    (ours,) = Session(tmp_path / "plain.onnx").run({"mel": mel}).values()
    assert ours.shape == (2, CLASSES)
    theirs = 1 / (1 + np.exp(-(whole.astype(np.float32) - 100) * SCALE))
    assert np.abs(ours[:1] - theirs).max() < 0.02
    axes = {"mel": {0: FreeAxis("n", 1, 1, 2)}}
    assert lint_graph(tmp_path / "plain.onnx", "fp32", axes) == []


def test_a_file_that_is_no_such_zip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(BuildError, match=r"other\.zip is not a zip of model\.onnx and model\.data"):
        read_quantized(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("model.onnx", b"")
    with pytest.raises(BuildError, match=r"model\.data"):
        read_quantized(path)
