"""What the three MediaPipe nets have in common: TFLite in, checked against LiteRT, quantized if that pays."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edge.bundle.session import Session
from edge.messages import Float32
from export.graphs.tflite import convert
from export.parity import Engine, check_parity
from export.quantize import Feeds, quantize_cnn
from export.sources.tflite import read_tflite
from export.variants import Choice, Measure, choose

TRAINING_DATA = "Google's own pictures, not published; see the model cards of MediaPipe"
ONE_FACE = "calibrated and compared on many views of one portrait with open eyes; other people only in the benchmarks"
CALIBRATION = 96
"""Pictures for the ranges of int8."""
HELD_OUT = 24
"""Other pictures, for parity and for int8 against fp32."""


def litert(path: Path, outputs: Sequence[str]) -> tuple[Engine, str]:
    """The original interpreter for a file with one picture as input, and its name for the manifest."""
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(path), experimental_op_resolver_type=kernels, num_threads=1)
    interpreter.allocate_tensors()
    (image,) = interpreter.get_input_details()
    indices = [detail["index"] for detail in interpreter.get_output_details()]

    def run(feeds: Feeds) -> Mapping[str, Any]:
        interpreter.set_tensor(image["index"], feeds["image"])
        interpreter.invoke()
        return {name: interpreter.get_tensor(index) for name, index in zip(outputs, indices, strict=True)}

    return run, f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"


def build_net(
    weights: Path,
    work: Path,
    outputs: Mapping[str, Sequence[int]],
    batch: int | str,
    pictures: tuple[list[Float32], list[Float32]],
    measures: Sequence[Measure],
) -> tuple[Choice, Feeds]:
    """Convert and judge; `pictures` are (calibration, held out), each (1, height, width, 3).

    Returns the variants and the golden input.
    """
    fp32, int8 = work / "fp32.onnx", work / "int8.onnx"
    onnx.save(convert(read_tflite(weights), "image", outputs, batch), fp32)
    calibration, held_out = ([{"image": picture} for picture in side] for side in pictures)
    engine, name = litert(weights, list(outputs))
    parity = check_parity(Session(fp32), engine, name, held_out)
    described = quantize_cnn(fp32, int8, calibration)
    return choose(fp32, int8, held_out, measures, parity, described), held_out[0]


def point_shift(output: str, points: int) -> Any:
    """The mean distance in px of an output's first `points` (x, y, z) between two runs."""

    def between(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> float:
        first, second = (side[output].reshape(len(side[output]), -1, 3)[:, :points, :2] for side in (expected, actual))
        return float(np.linalg.norm(first - second, axis=-1).mean())

    return between
