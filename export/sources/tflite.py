"""Reads a TFLite file into plain objects, with the schema of the package that is also the reference interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from export.role_build import BuildError

Array = npt.NDArray[Any]

_DTYPES: dict[int, type[np.generic]] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
}
_OPERATOR_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}


@dataclass(frozen=True, slots=True)
class Operator:
    """One step: the operator's name in TFLite, its options, and indices of tensors."""

    name: str
    options: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TfliteModel:
    """The one subgraph of a file: shapes and constants by tensor index, operators in the order they run."""

    shapes: tuple[tuple[int, ...], ...]
    constants: Mapping[int, Array]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(path: Path) -> TfliteModel:
    """Read `path`; raises BuildError if it holds something unknown to the converter."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    if len(model.subgraphs) != 1:
        raise BuildError(f"{path.name}: {len(model.subgraphs)} subgraphs; only files with one can be converted")
    graph = model.subgraphs[0]
    shapes = tuple(_numbers(tensor.shape) for tensor in graph.tensors)
    constants = {}
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            constants[index] = _constant(path, tensor, bytes(bytearray(data))).reshape(shapes[index])
    operators = tuple(_operator(model, operator) for operator in graph.operators)
    return TfliteModel(shapes, constants, operators, _numbers(graph.inputs), _numbers(graph.outputs))


def _numbers(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values) if values is not None else ()


def _constant(path: Path, tensor: Any, data: bytes) -> Array:
    if tensor.type not in _DTYPES or tensor.sparsity is not None:
        raise BuildError(f"{path.name}: tensor {tensor.name.decode()!r} is sparse or of a type that is not converted")
    return np.frombuffer(data, _DTYPES[tensor.type])


def _operator(model: Any, operator: Any) -> Operator:
    code = model.operatorCodes[operator.opcodeIndex]
    name = _OPERATOR_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]  # old files fill the deprecated one
    return Operator(name, operator.builtinOptions, _numbers(operator.inputs), _numbers(operator.outputs))
