"""The TFLite operators that are converted: one small function each, and their table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.graphs.tflite_writer import TO_NCHW, TO_NHWC, GraphWriter
from export.role_build import Array, BuildError
from export.sources.tflite import Operator


def _dequantize(writer: GraphWriter, operator: Operator) -> None:
    """Weights stored in half precision: converted here, without a node."""
    writer.constants[operator.outputs[0]] = writer.constant(operator.inputs[0])


def _convolution(writer: GraphWriter, operator: Operator) -> None:
    """`inputs` are picture, kernel (out, height, width, in), bias."""
    kernel = writer.constant(operator.inputs[1]).transpose(0, 3, 1, 2)
    _write_convolution(writer, operator, kernel, groups=1)


def _depthwise_convolution(writer: GraphWriter, operator: Operator) -> None:
    """`inputs` are picture, kernel (1, height, width, out), bias; each input channel is a group."""
    kernel = writer.constant(operator.inputs[1]).transpose(3, 0, 1, 2)
    _write_convolution(writer, operator, kernel, groups=writer.shape(operator.inputs[0])[3])


def _write_convolution(writer: GraphWriter, operator: Operator, kernel: Any, groups: int) -> None:
    options = operator.options
    inputs = [writer.name(operator.inputs[0]), writer.initializer(kernel)]
    inputs += [writer.initializer(writer.constant(index)) for index in operator.inputs[2:]]
    strides = (options.strideH, options.strideW)
    dilations = (options.dilationHFactor, options.dilationWFactor)
    pads = _pads(writer, operator, kernel.shape[2:], strides, dilations)
    _no_fused_activation(operator)
    writer.node(
        "Conv", inputs, writer.name(operator.outputs[0]),
        kernel_shape=kernel.shape[2:], strides=strides, dilations=dilations, pads=pads, group=groups,
    )  # fmt: skip


def _max_pool(writer: GraphWriter, operator: Operator) -> None:
    options = operator.options
    kernel, strides = (options.filterHeight, options.filterWidth), (options.strideH, options.strideW)
    pads = _pads(writer, operator, kernel, strides, (1, 1))
    _no_fused_activation(operator)
    source, target = writer.name(operator.inputs[0]), writer.name(operator.outputs[0])
    writer.node("MaxPool", [source], target, kernel_shape=kernel, strides=strides, pads=pads)


def _relu(writer: GraphWriter, operator: Operator) -> None:
    writer.node("Relu", [writer.name(operator.inputs[0])], writer.name(operator.outputs[0]))


def _prelu(writer: GraphWriter, operator: Operator) -> None:
    """The slopes are (1, 1, channels): `x + (1 - slope) * relu(-x)`, the products as convolutions of one pixel.

    onnxruntime's CPU keeps images in its layout for convolutions through Conv, Relu and Add, but converts them back for
    PRelu: with PRelu the mesh took 6.6 instead of 2.6 ms, both irises 11.3 instead of 5.0 (CPU time, one thread of a
    Xeon at 2.8 GHz, interleaved, onnxruntime 1.32). BatchNormalization or Mul instead of Conv cost 0.1 to 0.5 more. The
    Relu costs nothing, for it is done within the convolution before it, and so does the addition, within the other.
    """
    slopes = writer.constant(operator.inputs[1]).reshape(-1, 1, 1, 1)
    source, target = writer.name(operator.inputs[0]), writer.name(operator.outputs[0])

    def scaled(picture: str, factors: Array, part: str) -> str:
        inputs = [picture, writer.initializer(factors)]
        return writer.node("Conv", inputs, f"{target}_{part}", kernel_shape=(1, 1), group=len(slopes))

    below = writer.node("Relu", [scaled(source, -np.ones_like(slopes), "negated")], f"{target}_below")
    writer.node("Add", [scaled(below, 1 - slopes, "raised"), source], target)


def _add(writer: GraphWriter, operator: Operator) -> None:
    _no_fused_activation(operator)
    writer.node("Add", [writer.name(index) for index in operator.inputs], writer.name(operator.outputs[0]))


def _pad(writer: GraphWriter, operator: Operator) -> None:
    """Pads are rows of (before, after), one per dimension of the NHWC image."""
    pads = writer.constant(operator.inputs[1])[list(TO_NCHW)].T.reshape(-1).astype(np.int64)
    source, target = writer.name(operator.inputs[0]), writer.name(operator.outputs[0])
    writer.node("Pad", [source, writer.initializer(pads)], target)


def _reshape(writer: GraphWriter, operator: Operator) -> None:
    """The numbers are in the order of NHWC, so an image is converted back first; the batch stays the same."""
    before, after = writer.shape(operator.inputs[0]), writer.shape(operator.outputs[0])
    if len(after) == 4 or before[0] != after[0]:
        raise BuildError(f"TFLite reshape {before} to {after} is not converted: only out of a picture, batch kept")
    source, target = writer.name(operator.inputs[0]), writer.name(operator.outputs[0])
    if len(before) == 4:
        source = writer.node("Transpose", [source], f"{target}_nhwc", perm=TO_NHWC)
    writer.node("Reshape", [source, writer.initializer(np.array([0, *after[1:]], np.int64))], target)


def _concatenate(writer: GraphWriter, operator: Operator) -> None:
    rank = len(writer.shape(operator.outputs[0]))
    axis = operator.options.axis % rank
    _no_fused_activation(operator)
    inner = TO_NCHW.index(axis) if rank == 4 else axis
    writer.node("Concat", [writer.name(i) for i in operator.inputs], writer.name(operator.outputs[0]), axis=inner)


def _pads(
    writer: GraphWriter,
    operator: Operator,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
) -> list[int]:
    """ONNX's (top, left, bottom, right); TFLite's SAME puts the odd pixel at the end."""
    if operator.options.padding == schema.Padding.VALID:
        return [0, 0, 0, 0]
    before, after = [], []
    sizes = writer.shape(operator.inputs[0])[1:3]
    for size, width, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        steps = -(-size // stride)
        total = max((steps - 1) * stride + (width - 1) * dilation + 1 - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _no_fused_activation(operator: Operator) -> None:
    if operator.options.fusedActivationFunction != schema.ActivationFunctionType.NONE:
        raise BuildError(f"TFLite {operator.name} with a fused activation is not converted")


OPERATORS: dict[str, Callable[[GraphWriter, Operator], None]] = {
    "ADD": _add,
    "CONCATENATION": _concatenate,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise_convolution,
    "DEQUANTIZE": _dequantize,
    "MAX_POOL_2D": _max_pool,
    "PAD": _pad,
    "PRELU": _prelu,
    "RELU": _relu,
    "RESHAPE": _reshape,
}
"""By TFLite's name (schema `BuiltinOperator`)."""
