"""int8 gets into a bundle only where it is faster and as good, and the manifest says why not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session
from export.quantize import digest, quantize_cnn, quantize_transformer
from export.variants import Measure, choose

Array = npt.NDArray[np.float32]
SHIFT = Measure("shift", 0.1, lambda expected, actual: float(np.abs(expected["y"] - actual["y"]).max()))
SIZE = 192


def save(path: Path, nodes: list[onnx.NodeProto], constants: Mapping[str, Array], shape: list[int]) -> Path:
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def matmuls(path: Path, count: int, scale: float = 1.0) -> Path:
    """`count` products with a matrix that changes nothing, and one with a factor."""
    weights = {f"w{i}": np.eye(SIZE, dtype=np.float32)[::-1][::-1].copy() for i in range(count)}
    weights["w0"] *= scale
    names = ["x", *(f"t{i}" for i in range(count - 1)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(count)]
    return save(path, nodes, weights, [SIZE, SIZE])


@pytest.fixture
def samples() -> list[dict[str, Array]]:
    random = np.random.default_rng(0)
    return [{"x": random.standard_normal((SIZE, SIZE)).astype(np.float32)} for _ in range(3)]


def test_faster_and_as_good_gets_in(tmp_path: Path, samples: list[dict[str, Array]]) -> None:
    slow, fast = matmuls(tmp_path / "slow.onnx", 24), matmuls(tmp_path / "fast.onnx", 2)
    choice = choose(slow, fast, samples, [SHIFT], {"engine": "none"}, {"n": 3})
    assert choice.default == {"cpu": "cpu-int8", "cuda": "fp32", "tensorrt": "fp32"}
    assert choice.variants["cpu-int8"].calibration == {"n": 3}
    assert choice.variants["fp32"].measured["parity"] == {"engine": "none"}


def test_faster_but_worse_stays_out(tmp_path: Path, samples: list[dict[str, Array]]) -> None:
    slow, wrong = matmuls(tmp_path / "slow.onnx", 24), matmuls(tmp_path / "wrong.onnx", 2, scale=1.5)
    choice = choose(slow, wrong, samples, [SHIFT], {}, {})
    assert set(choice.variants) == {"fp32"}
    assert choice.default == {"cpu": "fp32"}
    assert "shift" in choice.variants["fp32"].measured["cpu_int8_tried"]["reason"]


def test_as_good_but_slower_stays_out(tmp_path: Path, samples: list[dict[str, Array]]) -> None:
    fast, slow = matmuls(tmp_path / "fast.onnx", 2), matmuls(tmp_path / "slow.onnx", 24)
    choice = choose(fast, slow, samples, [SHIFT], {}, {})
    assert set(choice.variants) == {"fp32"}
    assert "not faster" in choice.variants["fp32"].measured["cpu_int8_tried"]["reason"]


def test_a_result_that_is_no_number_stays_out(tmp_path: Path, samples: list[dict[str, Array]]) -> None:
    slow, broken = matmuls(tmp_path / "slow.onnx", 24), matmuls(tmp_path / "broken.onnx", 2, scale=float("nan"))
    assert set(choose(slow, broken, samples, [SHIFT], {}, {}).variants) == {"fp32"}


def test_a_cnn_is_quantized_with_its_pictures_and_stays_close(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    kernel = random.standard_normal((8, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "k"], ["c"]), helper.make_node("Relu", ["c"], ["y"])]
    fp32 = save(tmp_path / "fp32.onnx", nodes, {"k": kernel}, [1, 3, 16, 16])
    pictures = [{"x": random.uniform(0, 1, (1, 3, 16, 16)).astype(np.float32)} for _ in range(8)]
    described = quantize_cnn(fp32, tmp_path / "int8.onnx", pictures)
    assert described == {"n": 8, "method": "min-max", "sha256": digest(pictures)}
    assert digest(pictures[1:]) != described["sha256"]
    model = onnx.load(tmp_path / "int8.onnx")
    assert "QuantizeLinear" in {node.op_type for node in model.graph.node}
    kinds = {initializer.data_type for initializer in model.graph.initializer if initializer.name.startswith("k_quant")}
    assert kinds == {TensorProto.INT8}
    outputs = [Session(path).run(pictures[0])["y"] for path in (tmp_path / "int8.onnx", fp32)]
    assert rms_ratio(*outputs) < 0.02


def test_a_transformers_products_are_quantized_without_pictures(
    tmp_path: Path, samples: list[dict[str, Array]]
) -> None:
    fp32 = matmuls(tmp_path / "fp32.onnx", 2)
    quantize_transformer(fp32, tmp_path / "int8.onnx")
    assert "MatMulInteger" in {node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node}
    outputs = [Session(path).run(samples[0])["y"] for path in (tmp_path / "int8.onnx", fp32)]
    assert rms_ratio(*outputs) < 0.02
