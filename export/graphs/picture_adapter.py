"""ONNX nodes around an image classifier: they convert the box's input for role `expression`, and the classes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.role_build import Array

LEFT_OUT = "-"
"""A class in a list of labels that the box does not know: the other classes share its probability."""
_LEAST_SUM = 1e-6
"""The label if all probability belongs to classes that are left out."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """The conversions between the box and a graph."""

    input: str
    output: str
    channels_first: bool
    px: int
    edge: int
    """Pixels of the box's image around the part that the net sees."""
    scale: Sequence[float]
    offset: Sequence[float]
    """By channel: value = scale * pixel + offset, a pixel being 0 to 1."""
    is_share: bool
    """Whether the graph gives probabilities; else softmax makes them from its logits."""
    expressions: Sequence[str]
    """The box's expression for each class, or `LEFT_OUT`."""

    @property
    def labels(self) -> list[str]:
        """The expressions, each once."""
        return list(dict.fromkeys(label for label in self.expressions if label != LEFT_OUT))

    @property
    def columns(self) -> Array:
        """(classes, labels): 1 where a class counts for a label."""
        return np.array([[label == column for column in self.labels] for label in self.expressions], np.float32)

    @property
    def seen_px(self) -> int:
        """Side of the box's image."""
        return self.px + 2 * self.edge

    def show(self, image: Array) -> Array:
        """`image` (n, seen_px, seen_px, 1), -1..1, as the input of the net."""
        middle = slice(self.edge, self.edge + self.px)
        values = (image[:, middle, middle] + 1) / 2 * np.array(self.scale, np.float32) + np.array(
            self.offset, np.float32
        )
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if self.channels_first else values

    def read(self, output: Array) -> Array:
        """Probabilities of the labels from the output of the net."""
        if not self.is_share:
            powers = np.exp(output - output.max(axis=1, keepdims=True))
            output = powers / powers.sum(axis=1, keepdims=True)
        kept = output @ self.columns
        return kept / np.maximum(kept.sum(axis=1, keepdims=True), _LEAST_SUM)


def adapted(model: onnx.ModelProto, adapter: Adapter) -> onnx.ModelProto:
    """`image` [n, seen_px, seen_px, 1] -> `probabilities` [n, labels], the graph of `model` between them."""
    net = onnx.compose.add_prefix(model, "net/").graph
    scale, offset = (np.array(values, np.float32) for values in (adapter.scale, adapter.offset))
    constants = {"scale": scale / 2, "offset": offset + scale / 2, "columns": adapter.columns}
    constants |= {"axis": np.array([1], np.int64), "least": np.array(_LEAST_SUM, np.float32)}
    constants |= {"rows": np.array([1, 2], np.int64), "start": np.full(2, adapter.edge, np.int64)}
    constants["end"] = constants["start"] + adapter.px
    shown, given = f"net/{adapter.input}", f"net/{adapter.output}"
    before = [
        helper.make_node("Slice", ["image", "start", "end", "rows"], ["middle"]),
        helper.make_node("Mul", ["middle", "scale"], ["coloured"]),
        helper.make_node("Add", ["coloured", "offset"], ["pixels" if adapter.channels_first else shown]),
    ]
    if adapter.channels_first:
        before.append(helper.make_node("Transpose", ["pixels"], [shown], perm=[0, 3, 1, 2]))
    shares = [] if adapter.is_share else [helper.make_node("Softmax", [given], ["shares"], axis=1)]
    after = [
        *shares,
        helper.make_node("MatMul", ["shares" if shares else given, "columns"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["sum"], keepdims=1),
        helper.make_node("Max", ["sum", "least"], ["whole"]),
        helper.make_node("Div", ["kept", "whole"], ["probabilities"]),
    ]
    sides = [("image", ["n", adapter.seen_px, adapter.seen_px, 1]), ("probabilities", ["n", len(adapter.labels)])]
    image, probabilities = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in sides)
    graph = helper.make_graph(
        [*before, *net.node, *after],
        "expression",
        [image],
        [probabilities],
        [*net.initializer, *(numpy_helper.from_array(value, name) for name, value in constants.items())],
    )
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    made.functions.extend(model.functions)
    return made
