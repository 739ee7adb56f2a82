"""Files of lower precision from a float32 graph, one function per kind.

Measured on one x86 thread: U8S8 QDQ halved the time of a CNN, and dynamic MatMul that of a transformer; exchanged, each
is slower than float. TensorRT accepts neither: it requires explicit symmetric S8S8 QDQ, no quantized bias, the pair on
the weights as well, and both inputs of a residual sum (TensorRT's guide on explicit quantization; the options are those
of NVIDIA ModelOpt, `modelopt/onnx/quantization/ort_utils`).
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from export.export_job import Feeds
from export.graphs.attention_by_head import split_heads
from export.role_build import Array, BuildError

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators with weights, which do most of the arithmetic."""
_TENSORRT_OPTIONS = {
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "QuantizeBias": False,
    "AddQDQPairToWeight": True,
    "DedicatedQDQPair": True,
    "QDQKeepRemovableActivations": True,
    "MatMulConstBOnly": True,
    "OpTypesToExcludeOutputQuantization": [*PRODUCTS, "Add"],
}
_FUSED = ("Relu", "Clip", "LeakyRelu", "PRelu", "BatchNormalization")
"""Operators that TensorRT computes together with the product before them."""


def tie_embedding(int8: Path) -> int:
    """Rewrite every Gather from a matrix whose quantized form is stored too; return their number.

    Dynamic quantization stores the output projection in int8 and keeps the float matrix for the embedding: 106 MB in
    Whisper-base. Here the embedding reads the columns of the quantized projection instead.
    """
    model = onnx.load(int8)
    graph = model.graph
    stored = {item.name: item for item in graph.initializer}
    found = [node for node in graph.node if node.op_type == "Gather" and f"{node.input[0]}_quantized" in stored]
    for gather in found:
        name, ids, rows = gather.input[0], gather.input[1], gather.output[0]
        place = list(graph.node).index(gather)
        graph.node.remove(gather)
        parts = [(f"{name}_quantized", 1), (f"{name}_scale", 0), (f"{name}_zero_point", 0)]
        taken = [f"{rows}_{part}" for part, _ in parts]
        nodes = [
            helper.make_node("Gather", [part, ids], [output], axis=axis)
            for (part, axis), output in zip(parts, taken, strict=True)
        ]
        nodes.append(helper.make_node("DequantizeLinear", taken, [rows], axis=1))
        for offset, node in enumerate(nodes):
            graph.node.insert(place + offset, node)
        if not any(name in node.input for node in graph.node):
            graph.initializer.remove(stored[name])
    if found:
        onnx.checker.check_model(model)
        onnx.save(model, int8)
    return len(found)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, samples: Sequence[Feeds]) -> None:
        self._rest: Iterator[Feeds] = iter(samples)

    def get_next(self) -> dict[str, Array] | None:
        sample = next(self._rest, None)
        return dict(sample) if sample is not None else None


def prepare(fp32: Path, prepared: Path) -> None:
    """Write `prepared`: constants folded, normalizations fused, shapes inferred, every node named."""
    with _quietly():
        quant_pre_process(fp32, prepared, skip_symbolic_shape=True)
    model = onnx.load(prepared)
    for place, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{place}"
    onnx.save(model, prepared)


def quantize_cnn(prepared: Path, int8: Path, samples: Sequence[Feeds], keep: Collection[str] = ()) -> None:
    """Write `int8` for the CPU: U8S8, QDQ, weights per channel, ranges from real `samples`; `keep` stays float32."""
    _refuse_none(samples, prepared)
    with _quietly():
        quantize_static(
            prepared,
            int8,
            _Reader(samples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=list(keep),
        )


def quantize_for_tensorrt(prepared: Path, int8: Path, samples: Sequence[Feeds], keep: Collection[str] = ()) -> None:
    """Write `int8` for TensorRT: symmetric S8S8 QDQ on what `tensorrt_layers` names, without those in `keep`."""
    _refuse_none(samples, prepared)
    model = onnx.load(prepared)
    wanted = [name for name in tensorrt_layers(model) if name not in keep]
    if not wanted:
        raise BuildError(f"{prepared.name}: nothing is left to quantize, every layer is kept in float32")
    with _quietly():
        quantize_static(
            prepared,
            int8,
            _Reader(samples),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*PRODUCTS, "Add"],
            nodes_to_quantize=wanted,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options=_TENSORRT_OPTIONS,
        )


def tensorrt_layers(model: onnx.ModelProto) -> list[str]:
    """The products with constant weights, and the sums of two branches of which one has a product."""
    constants = {item.name for item in model.graph.initializer}
    maker = {name: node for node in model.graph.node for name in node.output}
    layers, sums = [], []
    for node in model.graph.node:
        if node.op_type in PRODUCTS and node.input[1] in constants:
            layers.append(node.name)
        elif node.op_type == "Add" and not constants & set(node.input):
            sums.append(node)
    products = set(layers)
    return layers + [
        node.name for node in sums if any(_made_by(name, maker, constants) in products for name in node.input)
    ]


def _made_by(tensor: str, maker: dict[str, onnx.NodeProto], constants: set[str]) -> str:
    """The name of the node behind a tensor, also through operators that TensorRT fuses with it, such as a bias."""
    node = maker.get(tensor)
    while node is not None and (node.op_type in _FUSED or (node.op_type == "Add" and constants & set(node.input))):
        node = maker.get(next(name for name in node.input if name not in constants))
    return node.name if node is not None else ""


def quantize_transformer(fp32: Path, int8: Path, keep: Collection[str] = ()) -> None:
    """Write `int8` for the CPU: weights of MatMul and Gemm as int8 per channel, activations quantized dynamically.

    The nodes named in `keep` stay float32. An embedding that is also a projection is stored once; attention over a
    whole sequence goes head by head.
    """
    with _quietly():
        quantize_dynamic(
            fp32,
            int8,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(keep),
        )
    tie_embedding(int8)
    split_heads(int8)


def halve(fp32: Path, fp16: Path, keep_types: Collection[str] = ()) -> None:
    """Write `fp16`: float16 inside, float32 at the inputs and outputs; operators of `keep_types` stay float32."""
    with _quietly(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warns of weights beyond float16's range; the gate's parity judges them
        model = convert_float_to_float16(
            onnx.load(fp32), keep_io_types=True, op_block_list=[*DEFAULT_OP_BLOCK_LIST, *keep_types]
        )
    OnnxModel(model).topological_sort()  # the casts were appended
    onnx.checker.check_model(model)
    onnx.save(model, fp16)


def described(samples: Sequence[Feeds]) -> dict[str, Any]:
    """The manifest's entry about a calibration."""
    return {"n": len(samples), "method": "min-max", "sha256": digest(samples)}


def digest(samples: Sequence[Feeds]) -> str:
    """The SHA-256 of all arrays in their order."""
    total = hashlib.sha256()
    for sample in samples:
        for name in sorted(sample):
            total.update(np.ascontiguousarray(sample[name]).tobytes())
    return total.hexdigest()


def _refuse_none(samples: Sequence[Feeds], graph: Path) -> None:
    if not samples:
        raise BuildError(
            f"the calibration set of {graph.name} is empty: static int8 takes its ranges from real inputs; "
            "name a data set or a recording that holds some"
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Silences the tools' advice in the root logger; this module follows it already."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
