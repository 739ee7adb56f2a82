"""Reads YAMNet from its package: a zip of an ONNX graph with 8-bit fake quantization, and its weights."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import onnx
from onnx import TensorProto, helper

from export.role_build import BuildError

_GRAPH, _WEIGHTS = "model.onnx", "model.data"
_MOST_BYTES = 32 << 20
"""Largest accepted size; the graph and its weights have 15 MB."""
_PAIR = ("QuantizeLinear", "DequantizeLinear")
_IN, _OUT = "mel", "scores"


def read_quantized(path: Path) -> onnx.ModelProto:
    """The unchanged graph of the zip at `path`, with its weights."""
    try:
        with zipfile.ZipFile(path) as packed, tempfile.TemporaryDirectory() as work:
            found = {PurePosixPath(info.filename).name: info for info in packed.infolist()}
            for name in (_GRAPH, _WEIGHTS):
                if found[name].file_size > _MOST_BYTES:
                    raise BuildError(f"{path}: {name} has {found[name].file_size} bytes, which YAMNet has not")
                (Path(work) / name).write_bytes(packed.read(found[name]))
            return onnx.load(Path(work) / _GRAPH)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BuildError(f"{path} is not a zip of {_GRAPH} and {_WEIGHTS}: {error}") from error


def plain(quantized: onnx.ModelProto) -> onnx.ModelProto:
    """The same net in float32, with a free batch: `mel` [n, 1, frames, bands] to `scores` [n, classes] in 0..1.

    The weights are the rounded ones; values between them are no longer rounded. The sigmoid that turns the logits into
    scores is part of the graph.
    """
    graph = quantized.graph
    behind = {node.output[0]: node.input[0] for node in graph.node if node.op_type in _PAIR}

    def real(name: str) -> str:
        while name in behind:
            name = behind[name]
        return name

    (audio,), (logits,) = graph.input, graph.output
    names = {audio.name: _IN}
    nodes = [_freed(node, real, names) for node in graph.node if node.op_type not in _PAIR]
    nodes.append(helper.make_node("Sigmoid", [real(logits.name)], [_OUT], name="sigmoid"))
    used = {name for node in nodes for name in node.input}
    sides = [_free(audio, _IN), _free(logits, _OUT)]
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    made = helper.make_graph(nodes, "yamnet", sides[:1], sides[1:], weights)
    model = helper.make_model(made, opset_imports=quantized.opset_import, ir_version=quantized.ir_version)
    onnx.checker.check_model(model)
    return model


def _freed(node: onnx.NodeProto, real: Callable[[str], str], names: dict[str, str]) -> onnx.NodeProto:
    """A copy that reads the values before the rounding; the one fixed shape becomes free in the batch."""
    inputs = [names.get(name, name) for name in map(real, node.input)]
    if node.op_type == "Reshape":
        return helper.make_node("Flatten", inputs[:1], list(node.output), name=node.name, axis=1)
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend(inputs)
    return copy


def _free(side: onnx.ValueInfoProto, name: str) -> onnx.ValueInfoProto:
    sizes = [dimension.dim_value for dimension in side.type.tensor_type.shape.dim]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *sizes[1:]])
