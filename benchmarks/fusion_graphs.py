"""Does every fusion model trace, and does its graph say the same at lengths that were not traced?

    PYTHONPATH=.:tests/helpers python benchmarks/fusion_graphs.py [MODEL ...]

Small models with random weights; one line of JSON a model. Seconds are processor time of the trace.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import onnx
import onnxruntime
import torch
from fusion_batches import batch, small_model

from export.torch_onnx import export_module
from training.fusion.models import MODELS

INPUTS = ("text", "audio", "vision", "text_length", "audio_length", "vision_length", "presence")
TRACED = batch([(7, 9, 8), (3, 2, 5)], [(1, 1, 1), (1, 0, 1)])
UNTRACED = (
    batch([(1, 1, 1)], [(1, 1, 1)]),
    batch([(11, 4, 16), (2, 13, 1), (5, 5, 5)], [(1, 1, 1), (0, 1, 1), (1, 0, 0)]),
    batch([(4, 3, 2), (4, 1, 2)], [(0, 0, 0), (1, 1, 0)]),
)


def prove(name: str, path: Path) -> dict[str, object]:
    """Trace one model and compare; the largest difference over all outputs and cases."""
    model, n = small_model(name), torch.export.Dim("n")
    lengths = [{0: n, 1: torch.export.Dim(axis)} for axis in ("text_frames", "audio_frames", "vision_frames")]
    outputs, started_s = list(model(*TRACED)), time.process_time()
    export_module(model, tuple(TRACED), path, INPUTS, outputs, (*lengths, *[{0: n}] * 4))
    trace_s = time.process_time() - started_s
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for inputs in UNTRACED:
        got = session.run(outputs, {key: part.numpy() for key, part in zip(INPUTS, inputs, strict=True)})
        wanted = model(*inputs)
        for key, value in zip(outputs, got, strict=True):
            worst = max(worst, float((torch.from_numpy(value) - wanted[key]).abs().max()))
    operators = Counter(node.op_type for node in onnx.load(path).graph.node)
    return {"model": name, "trace_s": round(trace_s, 1), "max_abs": worst, "operators": dict(operators)}


def main() -> None:
    """Prove the models named on the command line, or all."""
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or MODELS:
            print(json.dumps(prove(name, Path(folder) / f"{name}.onnx")), flush=True)


if __name__ == "__main__":
    main()
