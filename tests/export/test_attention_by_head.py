"""Attention by heads means the same to the bit and is left alone where it would cost time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge.bundle.session import Session
from export.graphs.attention_by_head import split_heads

HEADS, WIDTH, TIME = 4, 8, 37


def _graph(path: Path, *, bias: bool = False, outside: bool = False) -> Path:
    """Queries, keys and values out of one input `x` (1, time, heads x width); the keys from `keys` if `outside`."""
    shape = helper.make_node(
        "Constant", [], ["shape"], value=helper.make_tensor("shape", TensorProto.INT64, [4], [1, -1, HEADS, WIDTH])
    )
    nodes = [shape, helper.make_node("Reshape", ["x", "shape"], ["apart"])]
    nodes += [
        helper.make_node("Transpose", ["apart"], [name], perm=order)
        for name, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    ]
    nodes.append(helper.make_node("MatMul", ["query", "keys" if outside else "key"], ["scores"], "scores"))
    if bias:
        nodes.append(helper.make_node("Add", ["scores", "scores"], ["biased"]))
    nodes.append(helper.make_node("Softmax", ["biased" if bias else "scores"], ["weights"], "weights", axis=-1))
    nodes.append(helper.make_node("MatMul", ["weights", "value"], ["attended"], "attended"))
    nodes.append(helper.make_node("Identity", ["attended"], ["y"]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "t", HEADS * WIDTH])]
    if outside:
        inputs.append(helper.make_tensor_value_info("keys", TensorProto.FLOAT, [1, HEADS, WIDTH, "t"]))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, HEADS, "t", WIDTH])]
    model = helper.make_model(
        helper.make_graph(nodes, "attention", inputs, outputs),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.save(model, path)
    return path


def test_the_numbers_stay_the_same_to_the_bit(tmp_path: Path) -> None:
    path = _graph(tmp_path / "attention.onnx")
    feeds = {"x": np.random.default_rng(5).normal(0, 1, (1, TIME, HEADS * WIDTH)).astype(np.float32)}
    before = Session(path).run(feeds)["y"]
    assert split_heads(path) == 1
    softmaxes = [node for node in onnx.load(path).graph.node if node.op_type == "Softmax"]
    assert len(softmaxes) == HEADS
    np.testing.assert_array_equal(Session(path).run(feeds)["y"], before)
    after = path.read_bytes()
    assert split_heads(path) == 0
    assert path.read_bytes() == after


@pytest.mark.parametrize("kind", ["bias", "outside"])
def test_attention_with_a_bias_or_with_keys_from_outside_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = _graph(tmp_path / "attention.onnx", bias=kind == "bias", outside=kind == "outside")
    before = path.read_bytes()
    assert split_heads(path) == 0
    assert path.read_bytes() == before
