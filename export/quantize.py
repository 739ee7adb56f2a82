"""Quantized files for the CPU: static for convolutional nets, dynamic for transformers.

U8S8 QDQ halved the time of a CNN and dynamic MatMul that of a transformer on one x86 thread; the other way round each
is slower than float. TensorRT wants other files (S8S8, no quantized bias), which are not made here.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.role import Array

Feeds = Mapping[str, Array]


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, samples: Sequence[Feeds]) -> None:
        self._rest: Iterator[Feeds] = iter(samples)

    def get_next(self) -> dict[str, Array] | None:
        sample = next(self._rest, None)
        return dict(sample) if sample is not None else None


def quantize_cnn(fp32: Path, int8: Path, samples: Sequence[Feeds]) -> dict[str, Any]:
    """Write `int8`: U8S8, QDQ, weights per channel, ranges from real `samples`; return what the manifest says of it."""
    with tempfile.TemporaryDirectory() as work, _quietly():
        prepared = Path(work) / "prepared.onnx"
        quant_pre_process(fp32, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            int8,
            _Reader(samples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
    return {"n": len(samples), "method": "min-max", "sha256": digest(samples)}


def quantize_transformer(fp32: Path, int8: Path, keep: Sequence[str] = ()) -> None:
    """Write `int8`: the weights of MatMul and Gemm as int8 per channel, activations quantized as they come.

    The nodes named in `keep` stay float32.
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


def digest(samples: Sequence[Feeds]) -> str:
    """The SHA-256 of all arrays in their order."""
    total = hashlib.sha256()
    for sample in samples:
        for name in sorted(sample):
            total.update(np.ascontiguousarray(sample[name]).tobytes())
    return total.hexdigest()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the tools' advice, given through the root logger, on what is done here anyway."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)
