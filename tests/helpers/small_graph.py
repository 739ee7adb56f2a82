"""ONNX graphs of a few nodes, written for one test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Ends = Mapping[str, tuple[int, Sequence[int | str]]]
"""By name: the type of the elements (`TensorProto`) and the shape."""


def save_graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, np.ndarray] | None = None,
    *,
    inputs: Ends,
    output: tuple[str, int] = ("y", TensorProto.FLOAT),
    opset: int = 18,
) -> Path:
    """Write the graph, whose one output has a shape that is still to be inferred."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(name, kind, list(shape)) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(*output, None)],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def floats(*shape: int | str) -> Ends:
    """One input `x` of float32."""
    return {"x": (TensorProto.FLOAT, shape)}
