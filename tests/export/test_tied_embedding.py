"""An embedding that reads the quantized projection gives the rows that the projection is multiplied with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("onnxruntime.quantization", reason="exporting needs the extra `export`")

from onnx import TensorProto, helper, numpy_helper

from edge.bundle.session import Session
from export.quantize import tie_embedding

WEIGHT = np.array([[10, 200, 30, 7], [255, 0, 90, 8], [128, 64, 2, 9]], np.uint8)
SCALE = np.array([0.5, 0.25, 2.0, 0.125], np.float32)
ZERO = np.array([128, 3, 0, 255], np.uint8)
EXACT = (WEIGHT.astype(np.float32) - ZERO.astype(np.float32)) * SCALE


def graph(path: Path, read_elsewhere: bool = False) -> Path:
    """Rows of `words` by number, and the product with its quantized form; each column has its own zero-point."""
    stored = {"words": EXACT, "words_quantized": WEIGHT, "words_scale": SCALE, "words_zero_point": ZERO}
    nodes = [
        helper.make_node("Gather", ["words", "ids"], ["rows"], axis=1),
        helper.make_node("DequantizeLinear", ["words_quantized", "words_scale", "words_zero_point"], ["w"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        *([helper.make_node("Relu", ["words"], ["other"])] if read_elsewhere else []),
    ]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", 3]),
    ]
    shapes = {"rows": [3, "n"], "y": ["m", 4], **({"other": [3, 4]} if read_elsewhere else {})}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    initializers = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    made = helper.make_graph(nodes, "tied", inputs, outputs, initializers)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


@pytest.mark.parametrize("read_elsewhere", [False, True], ids=["only embedded", "read elsewhere too"])
def test_the_rows_are_those_of_the_quantized_matrix_with_its_zero_points(tmp_path: Path, read_elsewhere: bool) -> None:
    path = graph(tmp_path / "g.onnx", read_elsewhere)
    assert tie_embedding(path) == 1
    model = onnx.load(path)
    assert ("words" in {item.name for item in model.graph.initializer}) is read_elsewhere
    ids, x = np.array([2, 0, 3, 1, 0]), np.ones((1, 3), np.float32)
    said = Session(path).run({"ids": ids, "x": x})
    np.testing.assert_array_equal(said["rows"], EXACT[:, ids])
    np.testing.assert_allclose(said["y"], x @ EXACT)


def test_a_graph_without_a_stored_quantized_form_stays_as_it_is(tmp_path: Path) -> None:
    path = graph(tmp_path / "g.onnx")
    model = onnx.load(path)
    for item in model.graph.initializer:
        item.name = item.name.replace("words_quantized", "other_quantized")
    for node in model.graph.node:
        node.input[:] = [name.replace("words_quantized", "other_quantized") for name in node.input]
    onnx.save(model, path)
    before = path.read_bytes()
    assert tie_embedding(path) == 0
    assert path.read_bytes() == before
