"""Whisper's decoder in int8 with its embedding stored once.

Dynamic quantization turns the output projection to int8 and leaves the float matrix for the embedding, 106 MB of it in
Whisper-base. Here the embedding reads the columns of the quantized projection instead.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper

from export.quantize import quantize_transformer
from export.role import BuildError


def quantize_decoder(fp32: Path, int8: Path) -> None:
    """Write `int8`, a decoder whose projection is also its embedding."""
    quantize_transformer(fp32, int8)
    model = onnx.load(int8)
    graph = model.graph
    stored = {item.name: item for item in graph.initializer}
    found = [
        (place, node)
        for place, node in enumerate(graph.node)
        if node.op_type == "Gather" and f"{node.input[0]}_quantized" in stored
    ]
    if len(found) != 1:
        raise BuildError(
            f"{fp32} has {len(found)} embeddings that are also a projection, not 1: "
            "torch or onnxruntime write this graph differently; take the versions of constraints.txt"
        )
    place, gather = found[0]
    name, ids, rows = gather.input[0], gather.input[1], gather.output[0]
    graph.node.remove(gather)
    parts = [(f"{name}_quantized", 1), (f"{name}_scale", 0), (f"{name}_zero_point", 0)]
    taken = [f"{rows}_{part}" for part, _ in parts]
    nodes = [
        helper.make_node("Gather", [part, ids], [output], axis=axis)
        for (part, axis), output in zip(parts, taken, strict=True)
    ]
    nodes.append(helper.make_node("DequantizeLinear", taken, [rows], axis=1))
    for offset, node in enumerate(nodes):
        graph.node.insert(place + offset, node)
    graph.initializer.remove(stored[name])
    onnx.checker.check_model(model)
    onnx.save(model, int8)
