"""The linter's rules on QuantizeLinear and DequantizeLinear: TensorRT accepts only explicit symmetric int8."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto

from export.tensorrt.graph import LintedGraph, label
from export.tensorrt.rules import Objection

PAIR = ("QuantizeLinear", "DequantizeLinear")

_AXIS_DEFAULT = 1
"""Of QuantizeLinear and DequantizeLinear (ONNX)."""
_PASSES_ON = ("Relu", "Clip", "LeakyRelu", "PRelu", "BatchNormalization", "Identity")
"""Operators between a layer and a sum that TensorRT fuses with the layer."""


def quantization_findings(graph: LintedGraph) -> Iterator[Objection]:
    """All objections to the graph's Q/DQ nodes."""
    for node in graph.nodes:
        if node.op_type in PAIR:
            yield from _bias(graph, node)
            yield from _zero_point(graph, node)
            yield from _axis(graph, node)
        elif node.op_type == "Add":
            yield from _sum(graph, node)


def _bias(graph: LintedGraph, node: onnx.NodeProto) -> Iterator[Objection]:
    if node.op_type == "DequantizeLinear" and graph.types.get(node.input[0]) == TensorProto.INT32:
        advice = f"dequantizes int32 {node.input[0]}: leave biases in float (QuantizeBias=False)"
        yield Objection("bias", label(node), advice)


def _zero_point(graph: LintedGraph, node: onnx.NodeProto) -> Iterator[Objection]:
    name = node.input[2] if len(node.input) > 2 else ""
    if not name:
        if node.op_type == "QuantizeLinear":
            advice = "has no zero-point, which makes its output uint8: give it an int8 zero"
            yield Objection("zero-point", label(node), advice)
        return
    value = graph.constant(name)
    if graph.types.get(name) == TensorProto.INT32:
        return  # the rule on biases says what to do
    if value is None:
        yield Objection("zero-point", label(node), f"{name} is computed: quantize statically with symmetric ranges")
    elif value.dtype != np.int8:
        yield Objection("zero-point", label(node), f"{name} is {value.dtype}: quantize activations and weights to int8")
    elif np.any(value):
        yield Objection("zero-point", label(node), f"{name} is not zero: quantize with symmetric ranges")


def _axis(graph: LintedGraph, node: onnx.NodeProto) -> Iterator[Objection]:
    scale = graph.constant(node.input[1])
    if scale is None or scale.size <= 1:
        return
    if not graph.is_constant(node.input[0]):
        yield Objection(
            "channel-axis", label(node), "has a scale a channel for an activation: use one scale for the tensor"
        )
        return
    axis = next((item.i for item in node.attribute if item.name == "axis"), _AXIS_DEFAULT)
    readers = graph.consumers(node.output[0])
    if node.op_type == "QuantizeLinear":
        readers = [pair for reader, _ in readers for pair in graph.consumers(reader.output[0])]
    for reader, position in readers:
        wanted = _output_channels(reader, position, graph)
        if wanted is not None and axis != wanted:
            advice = (
                f"has its scales along axis {axis}, but {reader.op_type} {label(reader)} has its outputs on {wanted}"
            )
            yield Objection("channel-axis", label(node), f"{advice}: quantize the weights along that axis")


def _output_channels(reader: onnx.NodeProto, position: int, graph: LintedGraph) -> int | None:
    """The axis of a weight that counts a layer's outputs; None without such a rule."""
    if position != 1:
        return None
    if reader.op_type == "Conv":
        return 0
    if reader.op_type == "ConvTranspose":
        return 1
    if reader.op_type == "Gemm":
        return 0 if any(item.name == "transB" and item.i for item in reader.attribute) else 1
    return 1 if reader.op_type == "MatMul" else None


def _sum(graph: LintedGraph, node: onnx.NodeProto) -> Iterator[Objection]:
    if any(graph.is_constant(name) for name in node.input):
        return
    inputs = [graph.dequantized(name) for name in node.input]
    if all(inputs) or not (any(inputs) or any(_from_quantized_layer(graph, name) for name in node.input)):
        return
    bare = ", ".join(name for name, done in zip(node.input, inputs, strict=True) if not done)
    yield Objection("residual-add", label(node), f"{bare} comes in as float: put Q/DQ on both inputs of the sum")


def _adds_bias(graph: LintedGraph, node: onnx.NodeProto) -> bool:
    return node.op_type == "Add" and sum(graph.is_constant(name) for name in node.input) == 1


def _from_quantized_layer(graph: LintedGraph, name: str) -> bool:
    node = graph.maker.get(name)
    while node is not None and (node.op_type in _PASSES_ON or _adds_bias(graph, node)):
        node = graph.maker.get(next(read for read in node.input if not graph.is_constant(read)))
    return node is not None and node.op_type not in PAIR and any(graph.dequantized(read) for read in node.input)
