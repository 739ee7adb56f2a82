"""The linter: finds, without TensorRT, what prevents it from accepting an ONNX graph.

It needs only `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from edge.bundle.manifest import VariantName
from export.role_build import BuildError
from export.tensorrt.graph import LintedGraph, label
from export.tensorrt.profile import Axes, inputs_of, problems
from export.tensorrt.quantized import PAIR, quantization_findings
from export.tensorrt.rules import (
    CLAMPED_INPUTS,
    DATA_DEPENDENT,
    INDEX_OPERATORS,
    INTEGER_ARITHMETIC,
    OPSETS,
    UNSUPPORTED,
    Objection,
)

_ONNX = ("", "ai.onnx")
_TYPES = {
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.INT8,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
}
_INT32 = np.iinfo(np.int32)


def lint_graph(path: Path, variant: VariantName, axes: Axes) -> list[Objection]:
    """All parts of the graph in `path` that TensorRT would refuse, or compute in another precision than measured.

    `variant` is the precision that the graph should have; `axes` are the sizes of its free dimensions.

    Raises:
        BuildError: the file is no ONNX graph.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf raises classes of its own
        raise BuildError(f"{path} is not an ONNX file: {error}") from error
    outside = [item.name for item in model.graph.initializer if item.data_location == TensorProto.EXTERNAL]
    if outside:
        advice = f"{len(outside)} weights lie in other files, as {outside[0]}: save with external_data=False"
        return [Objection("self-contained", path.name, advice)]
    graph = LintedGraph(model)
    found = [*_opset(model, path.name), *_operators(graph), *_types(graph), *_int64(graph)]
    found += [Objection("profile", name, problem) for name, problem in problems(inputs_of(model.graph), axes)]
    return [*found, *_precision(graph, variant, path.name), *quantization_findings(graph)]


def _opset(model: onnx.ModelProto, name: str) -> Iterator[Objection]:
    for item in model.opset_import:
        if item.domain in _ONNX and item.version not in OPSETS:
            advice = f"is of opset {item.version}: export it as {OPSETS[0]} to {OPSETS[-1]}"
            yield Objection("opset", name, advice)


def _operators(graph: LintedGraph) -> Iterator[Objection]:
    for node in graph.nodes:
        kind = node.op_type
        if node.domain not in _ONNX:
            advice = f"{kind} is of {node.domain}: export before any runtime's own optimization"
            yield Objection("domain", label(node), advice)
        elif kind in INTEGER_ARITHMETIC:
            yield Objection("dynamic-quantization", label(node), f"{kind}: quantize with static symmetric Q/DQ instead")
        elif kind in DATA_DEPENDENT:
            yield Objection(
                "data-dependent", label(node), f"{kind} belongs outside the graph, or must become arithmetic"
            )
        elif kind in UNSUPPORTED:
            yield Objection(
                "unsupported", label(node), f"TensorRT's parser has no {kind}: write it with other operators"
            )


def _types(graph: LintedGraph) -> Iterator[Objection]:
    quantization = {name for node in graph.nodes if node.op_type in PAIR for name in (*node.input, *node.output)}
    for name, kind in graph.types.items():
        if kind not in _TYPES and kind != TensorProto.UNDEFINED and name not in quantization:
            yield Objection("type", name, f"is {TensorProto.DataType.Name(kind).lower()}: cast it outside the graph")


def _int64(graph: LintedGraph) -> Iterator[Objection]:
    for node in graph.nodes:
        wide = [name for name in node.input if graph.types.get(name) == TensorProto.INT64]
        if wide and node.op_type not in INDEX_OPERATORS and not _index_input(node, wide):
            advice = f"{node.op_type} computes with int64 {wide[0]}: int64 is for indices and lengths, cast it to float"
            yield Objection("int64", label(node), advice)
        for position, name in enumerate(node.input):
            value = graph.constant(name) if name in wide else None
            clamped = position in CLAMPED_INPUTS.get(node.op_type, ())
            if value is not None and not clamped and value.size and not _fits(value):
                yield Objection("int64", label(node), f"constant {name} does not fit into int32: make it smaller")


def _index_input(node: onnx.NodeProto, wide: list[str]) -> bool:
    """Axes, shapes and sequence lengths: every int64 input but the first, of an operator that computes in float."""
    return node.input[0] not in wide


def _fits(value: np.ndarray) -> bool:
    return bool(np.min(value) >= _INT32.min and np.max(value) <= _INT32.max)


def _precision(graph: LintedGraph, variant: VariantName, name: str) -> Iterator[Objection]:
    pairs = sum(node.op_type in PAIR for node in graph.nodes)
    half = TensorProto.FLOAT16 in graph.types.values()
    if variant == "trt-int8" and not pairs:
        yield Objection("precision", name, "nothing in it is quantized: it is no trt-int8")
    elif variant == "fp16" and not half:
        yield Objection("precision", name, "nothing in it is float16: it is no fp16")
    elif variant == "fp32" and (pairs or half):
        yield Objection("precision", name, "it has float16 or Q/DQ: it is no fp32")
