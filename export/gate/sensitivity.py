"""Finds the worst layers of a quantized graph: each layer alone, with the inputs of float32."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from edge.bundle.selftest import rms_ratio
from export.export_job import Feeds
from export.role_build import Array

_PROBES = 2
"""Inputs that the layers are compared on."""


@dataclass(frozen=True, slots=True)
class LayerError:
    """The error of one quantized layer if its inputs are exact."""

    graph: str
    node: str
    operator: str
    rms_ratio: float


def layer_errors(graph: str, exact: Path, quantized: Path, probes: Sequence[Feeds]) -> list[LayerError]:
    """The quantized layers of one graph, worst first; `exact` is the file that `quantized` was made from."""
    original, changed = onnx.load(exact), onnx.load(quantized)
    constants = {item.name for item in original.graph.initializer}
    layers = [(node, _activations(node, constants)) for node in _quantized_layers(original, changed)]
    tensors = {name for node, inputs in layers for name in (*inputs, node.output[0])}
    runs = _tensors(original, tensors, probes[:_PROBES])
    errors = []
    for node, inputs in layers:
        part = _part(changed, inputs, node.output[0])
        if part is None:
            continue
        session = ort.InferenceSession(part.SerializeToString(), _options(), providers=["CPUExecutionProvider"])
        actual = [session.run(None, {name: run[name] for name in inputs})[0] for run in runs]
        wanted = [run[node.output[0]] for run in runs]
        error = rms_ratio(np.concatenate([one.ravel() for one in actual]), np.concatenate([w.ravel() for w in wanted]))
        errors.append(LayerError(graph, node.name, node.op_type, error))
    return sorted(errors, key=lambda layer: -layer.rms_ratio)


def _quantized_layers(original: onnx.ModelProto, changed: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Nodes that integer arithmetic replaced, or that read the output of a DequantizeLinear."""
    maker = {name: node.op_type for node in changed.graph.node for name in node.output}
    after = {node.name: node for node in changed.graph.node}
    found = []
    for node in original.graph.node:
        now = after.get(node.name)
        replaced = now is None and node.op_type in {"MatMul", "Gemm"} and node.output[0] in maker
        if replaced or (now is not None and any(maker.get(name) == "DequantizeLinear" for name in now.input)):
            found.append(node)
    return found


def _activations(node: onnx.NodeProto, constants: set[str]) -> list[str]:
    return list(dict.fromkeys(name for name in node.input if name and name not in constants))


def _tensors(model: onnx.ModelProto, names: Iterable[str], probes: Sequence[Feeds]) -> list[dict[str, Array]]:
    """The float32 graph's values of those tensors, one mapping per input."""
    inputs = {value.name for value in model.graph.input}
    inner = [name for name in names if name not in inputs]
    model.graph.ClearField("output")
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inner)
    session = ort.InferenceSession(model.SerializeToString(), _options(), providers=["CPUExecutionProvider"])
    return [{**probe, **dict(zip(inner, session.run(inner, dict(probe)), strict=True))} for probe in probes]


def _part(model: onnx.ModelProto, inputs: Sequence[str], output: str) -> onnx.ModelProto | None:
    """The nodes between `inputs` and `output`; None if the output depends on others too."""
    maker = {name: node for node in model.graph.node for name in node.output}
    stored = {item.name: item for item in model.graph.initializer}
    nodes, weights, waiting, seen = [], [], [output], set(inputs)
    while waiting:
        name = waiting.pop()
        if not name or name in seen:
            continue
        seen.add(name)
        if name in stored:
            weights.append(stored[name])
        elif name in maker:
            node = maker[name]
            seen.update(node.output)
            nodes.append(node)
            waiting.extend(node.input)
        else:
            return None
    kept = {node.output[0] for node in nodes}
    graph = helper.make_graph(
        [node for node in model.graph.node if node.output[0] in kept],
        "layer",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return options
