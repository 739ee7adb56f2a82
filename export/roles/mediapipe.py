"""Shared code of the three MediaPipe roles: TFLite in, compared with LiteRT, quantized if that brings a gain."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edge.bundle.session import Session
from edge.messages import Float32
from export.export_job import EvaluationTask, Feeds
from export.gate import ChosenVariants, build_variants
from export.graphs.tflite import convert
from export.parity import Engine, check_parity
from export.sources.tflite import read_tflite

TRAINING_DATA = "Google's own images, not published; see the model cards of MediaPipe"
ONE_FACE = "calibrated and compared on many views of one portrait with open eyes; other people only in the benchmarks"
CALIBRATION = 96
"""Number of images for the ranges of int8."""
HELD_OUT = 24
"""Number of other images, for parity and the task."""
_PROBES = 8
"""Number of these for a variant's parity with fp32."""


def litert(path: Path, outputs: Sequence[str]) -> tuple[Engine, str]:
    """The original interpreter for a file with one image as input, and its name for the manifest.

    Its channels are last; here they are first.
    """
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(path), experimental_op_resolver_type=kernels, num_threads=1)
    interpreter.allocate_tensors()
    (image,) = interpreter.get_input_details()
    indices = [detail["index"] for detail in interpreter.get_output_details()]

    def run(feeds: Feeds) -> Mapping[str, Any]:
        interpreter.set_tensor(image["index"], np.ascontiguousarray(feeds["image"].transpose(0, 2, 3, 1)))
        interpreter.invoke()
        return {name: interpreter.get_tensor(index) for name, index in zip(outputs, indices, strict=True)}

    return run, f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"


def build_net(
    weights: Path,
    work: Path,
    outputs: Mapping[str, Sequence[int]],
    batch: int | str,
    pictures: tuple[list[Float32], list[Float32]],
    task: Callable[[Path], EvaluationTask],
    options: Mapping[str, Any],
    progress: Callable[[str], None],
) -> tuple[ChosenVariants, Feeds]:
    """Convert and judge; `pictures` are (calibration, held out), each (1, 3, height, width).

    `task` makes the role's metric from the float32 file. Returns the variants and the golden input.
    """
    fp32 = work / "model.fp32.onnx"
    onnx.save(convert(read_tflite(weights), "image", outputs, batch), fp32)
    calibration, held_out = ([{"image": picture} for picture in side] for side in pictures)
    engine, name = litert(weights, list(outputs))
    parity = check_parity(Session(fp32), engine, name, held_out)
    choice = build_variants(
        {"model": fp32},
        {"model": "cnn"},
        {"model": calibration},
        task(fp32),
        options["variants"],
        parity,
        work,
        progress,
        {"model": held_out[:_PROBES]},
        options["margins"],
    )
    return choice, held_out[0]
