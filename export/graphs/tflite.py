"""Converts a TFLite model to an ONNX graph with channels first; outputs keep TFLite's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper

from export.graphs.convolution_layout import widen_in_parts
from export.graphs.join_branches import join_twins
from export.graphs.tflite_operators import OPERATORS
from export.graphs.tflite_writer import TO_NHWC, GraphWriter
from export.role_build import BuildError
from export.sources.tflite import TfliteModel

OPSET = 18
_IR_VERSION = 8
"""The file format of opset 18, which every supported onnxruntime reads."""


def convert(model: TfliteModel, image: str, outputs: Mapping[str, Sequence[int]], batch: int | str) -> onnx.ModelProto:
    """Return the ONNX graph of a model with one image as input.

    `image` names the input, (batch, channels, height, width); `outputs` gives the name of each output in the file's
    order, with its shape after the batch. `batch` is a number, or a name if it is free.
    """
    writer = GraphWriter(model)
    (source,) = model.inputs
    writer.rename(source, image)
    for operator in model.operators:
        if operator.name not in OPERATORS:
            raise BuildError(
                f"TFLite operator {operator.name} is not converted; those that are: {', '.join(OPERATORS)}"
            )
        OPERATORS[operator.name](writer, operator)
    join_twins(writer)
    widen_in_parts(writer)
    for (name, shape), index in zip(outputs.items(), model.outputs, strict=True):
        inner = writer.name(index)
        if len(writer.shape(index)) == 4:
            inner = writer.node("Transpose", [inner], f"{name}_nhwc", perm=TO_NHWC)
        writer.node("Reshape", [inner, writer.initializer(np.array([0, *shape], np.int64))], name)
    _, height, width, channels = writer.shape(source)
    described = [helper.make_tensor_value_info(image, TensorProto.FLOAT, [batch, channels, height, width])]
    results = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *shape]) for name, shape in outputs.items()
    ]
    used = {name for node in writer.nodes for name in node.input}
    constants = [tensor for tensor in writer.initializers if tensor.name in used]
    graph = helper.make_graph(writer.nodes, "tflite", described, results, constants)
    converted = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(converted, full_check=True)
    return converted
