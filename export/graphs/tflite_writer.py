"""Writes the ONNX graph of a TFLite model: nodes and initializers by the index of the TFLite tensor.

TFLite holds images as NHWC. Inside the ONNX graph every tensor of rank 4 is NCHW; all others are as in TFLite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from export.role_build import BuildError
from export.sources.tflite import TfliteModel

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)
Array = npt.NDArray[Any]


class GraphWriter:
    """Nodes and initializers as they grow; a TFLite tensor is known by its index."""

    def __init__(self, model: TfliteModel) -> None:
        self.model = model
        self.constants: dict[int, Array] = dict(model.constants)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._named: dict[int, str] = {}

    def shape(self, index: int) -> tuple[int, ...]:
        """The tensor's shape in TFLite's own layout, batch 1."""
        return self.model.shapes[index]

    def name(self, index: int) -> str:
        """The ONNX name of a tensor; a constant becomes an initializer in the inner layout."""
        if index not in self.constants:
            return self._named.get(index, f"t{index}")
        value = self.constants[index]
        return self.initializer(value.transpose(TO_NCHW) if value.ndim == 4 else value)

    def rename(self, index: int, name: str) -> None:
        """Name a tensor `name`, in the inner layout."""
        self._named[index] = name

    def initializer(self, value: Array) -> str:
        """Store a constant unchanged and return its name."""
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, index: int) -> Array:
        """The value of a tensor that the conversion needs; half precision becomes float32."""
        if index not in self.constants:
            raise BuildError(f"TFLite tensor {index} is computed where only a constant can be converted")
        value = self.constants[index]
        return value.astype(np.float32) if value.dtype == np.float16 else value
