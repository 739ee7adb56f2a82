"""An embedding that is also the output projection is stored once in int8 as well.

Dynamic quantization turns the output projection to int8 and leaves the float matrix for the embedding, 106 MB of it in
Whisper-base. Here the embedding reads the columns of the quantized projection instead.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper


def tie_embedding(int8: Path) -> int:
    """Rewrite every Gather from a matrix whose quantized form is stored too; return how many there were."""
    model = onnx.load(int8)
    graph = model.graph
    stored = {item.name: item for item in graph.initializer}
    found = [node for node in graph.node if node.op_type == "Gather" and f"{node.input[0]}_quantized" in stored]
    for gather in found:
        name, ids, rows = gather.input[0], gather.input[1], gather.output[0]
        place = list(graph.node).index(gather)
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
        if not any(name in node.input for node in graph.node):
            graph.initializer.remove(stored[name])
    if found:
        onnx.checker.check_model(model)
        onnx.save(model, int8)
    return len(found)
