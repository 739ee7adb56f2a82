"""An ONNX graph as the linter reads it: the node that makes a tensor, its type, and the constants."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper

_SMALL = 1 << 16
"""Weights with more elements are left out before types are inferred, which needs shapes and not values."""


class LintedGraph:
    """A model and derived facts; subgraphs of control flow are skipped, since their operators are refused."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.initializers: dict[str, TensorProto] = {item.name: item for item in model.graph.initializer}
        self.maker: dict[str, onnx.NodeProto] = {name: node for node in self.nodes for name in node.output if name}

    @cached_property
    def types(self) -> dict[str, int]:
        """ONNX element type by tensor, as far as inference knows it."""
        graph = onnx.shape_inference.infer_shapes(_without_weights(self.model)).graph
        values = [*graph.input, *graph.value_info, *graph.output]
        found = {value.name: int(value.type.tensor_type.elem_type) for value in values}
        return found | {name: int(item.data_type) for name, item in self.initializers.items()}

    def constant(self, name: str) -> npt.NDArray[np.generic] | None:
        """The value of a constant tensor, through Constant and Identity; None for a computed one."""
        if name in self.initializers:
            return np.asarray(numpy_helper.to_array(self.initializers[name]))
        node = self.maker.get(name)
        if node is not None and node.op_type == "Identity":
            return self.constant(node.input[0])
        if node is not None and node.op_type == "Constant":
            return _constant_value(node)
        return None

    def is_constant(self, name: str) -> bool:
        """Whether the tensor is known before the graph runs, quantized constants included."""
        node = self.maker.get(name)
        if node is None:
            return name in self.initializers
        if node.op_type in {"QuantizeLinear", "DequantizeLinear", "Identity"}:
            return self.is_constant(node.input[0])
        return node.op_type == "Constant"

    def consumers(self, name: str) -> list[tuple[onnx.NodeProto, int]]:
        """The nodes that read a tensor, with the position of the input."""
        return self._readers.get(name, [])

    @cached_property
    def _readers(self) -> dict[str, list[tuple[onnx.NodeProto, int]]]:
        found: dict[str, list[tuple[onnx.NodeProto, int]]] = {}
        for node in self.nodes:
            for position, name in enumerate(node.input):
                found.setdefault(name, []).append((node, position))
        return found

    def dequantized(self, name: str) -> bool:
        """Whether a DequantizeLinear makes the tensor."""
        node = self.maker.get(name)
        return node is not None and node.op_type == "DequantizeLinear"


def label(node: onnx.NodeProto) -> str:
    """The name of a node, else that of its first output."""
    return node.name or node.output[0]


def _constant_value(node: onnx.NodeProto) -> npt.NDArray[np.generic] | None:
    for attribute in node.attribute:
        if attribute.name == "value":
            return np.asarray(numpy_helper.to_array(attribute.t))
        if attribute.name in {"value_int", "value_ints"}:
            return np.asarray(onnx.helper.get_attribute_value(attribute), np.int64)
        if attribute.name in {"value_float", "value_floats"}:
            return np.asarray(onnx.helper.get_attribute_value(attribute), np.float32)
    return None


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which large weights are inputs of the same type and shape."""
    graph = model.graph
    large = [item for item in graph.initializer if int(np.prod(item.dims)) > _SMALL]
    stand_ins = [onnx.helper.make_tensor_value_info(item.name, item.data_type, item.dims) for item in large]
    names = {item.name for item in large}
    light = onnx.helper.make_graph(
        graph.node,
        graph.name,
        [*graph.input, *stand_ins],
        graph.output,
        [item for item in graph.initializer if item.name not in names],
    )
    return onnx.helper.make_model(light, opset_imports=model.opset_import, ir_version=model.ir_version)
