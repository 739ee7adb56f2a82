"""Attention on a CPU, one head at a time: only the scores of one head are in memory.

The scores of self-attention grow with the square of the audio's length: 72 MB per layer for 30 s in Whisper-base, and
as much again after the softmax. The results are the same to the bit, and the working set fits into the processor's
cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper


def split_heads(path: Path) -> int:
    """Rewrite every self-attention of the graph; return their number.

    Scores with a bias between product and softmax stay unchanged. So do keys from outside, as in a decoder: its few
    queries need little memory, and many small operators would cost time.
    """
    model = onnx.load(path)
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    heads = _second_sizes(model)
    found = 0
    for softmax in [node for node in graph.node if node.op_type == "Softmax"]:
        scores = makers.get(softmax.input[0])
        readers = [node for node in graph.node if softmax.output[0] in node.input]
        if scores is None or scores.op_type != "MatMul" or [node.op_type for node in readers] != ["MatMul"]:
            continue
        parts = (*scores.input, readers[0].input[1])
        if not all(name in makers and heads.get(name, 1) > 1 for name in parts):
            continue
        place = list(graph.node).index(readers[0])
        for offset, node in enumerate(_head_by_head(softmax.name, parts, readers[0].output[0], heads[parts[0]])):
            graph.node.insert(place + 1 + offset, node)
        for node in (scores, softmax, readers[0]):
            graph.node.remove(node)
        found += 1
    if found:
        onnx.checker.check_model(model)
        onnx.save(model, path)
    return found


def _second_sizes(model: onnx.ModelProto) -> Mapping[str, int]:
    """The size of axis 1 of every tensor of four axes; 0 where it is free."""
    known = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {value.name: value.type.tensor_type.shape.dim for value in known}
    return {name: shape[1].dim_value for name, shape in shapes.items() if len(shape) == 4}


def _head_by_head(name: str, parts: tuple[str, ...], output: str, heads: int) -> list[NodeProto]:
    """`output` from queries, transposed keys and values (n, heads, ...)."""
    singles = [[f"{name}.{part}.{head}" for head in range(heads)] for part in ("query", "key", "value")]
    one_each = helper.make_node("Constant", [], [f"{name}.split"], value=numpy_helper.from_array(np.ones(heads, "i8")))
    nodes = [one_each] + [
        helper.make_node("Split", [part, f"{name}.split"], single, f"{name}.split.{place}", axis=1)
        for place, (part, single) in enumerate(zip(parts, singles, strict=True))
    ]
    for head, (query, key, value) in enumerate(zip(*singles, strict=True)):
        scores, weights, attended = (f"{name}.{part}.{head}" for part in ("scores", "weights", "attended"))
        nodes += [
            helper.make_node("MatMul", [query, key], [scores], scores),
            helper.make_node("Softmax", [scores], [weights], weights, axis=-1),
            helper.make_node("MatMul", [weights, value], [attended], attended),
        ]
    together = [f"{name}.attended.{head}" for head in range(heads)]
    return [*nodes, helper.make_node("Concat", together, [output], f"{name}.heads", axis=1)]
