"""`emvas export engine` as a user runs it, what an engine's key is made of, and what a second run builds: nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gpu.step import EMVAS, Context, FailedError, Finding
from edge.bundle.bundle import Bundle
from edge.bundle.session import Machine, NoTensorrtError, engine_of, this_machine

_MADE_UP = Machine("dry", "0.0", "0.0.0", "0.0.0")


def ask(context: Context) -> Finding:
    """AbsentError without TensorRT; FailedError when a changed key finds an old engine, or the command fails."""
    keys = _keys(context.bundle, _MADE_UP if context.dry else this_machine(), context.out / "engines")
    if len(set(keys.values())) != len(keys):
        raise FailedError("engines of different machines or profiles share a folder", keys)
    if context.dry:
        return Finding(f"{len(keys)} keys differ; without TensorRT: {_refusal(context)}", keys)
    runs = [_export(context) for _ in range(2)]
    figures = {"keys": keys, "runs": runs}
    if any(run["code"] for run in runs):
        raise FailedError(f"emvas export engine: {runs[0]['said'] or runs[1]['said']}", figures)
    return Finding(f"built and proven in {runs[0]['seconds']} s; found again in {runs[1]['seconds']} s", figures)


def _keys(folder: Path, machine: Machine, cache: Path) -> dict[str, str]:
    """The engine's folder as it is, and with each part of its key changed."""
    bundle = Bundle(folder)
    role = "asr" if bundle.has("asr") else next(iter(bundle.manifest.roles))
    variant = bundle.role(role).variants["fp32"]
    graph = next(graph for graph in variant.graphs.values() if graph.profile or role != "asr")
    shapes = {
        name: shape.model_copy(update={"max": [n + 1 for n in shape.max]}) for name, shape in graph.profile.items()
    }
    changed = {
        "as it is": (graph, machine),
        "another graph": (graph.model_copy(update={"sha256": "0" * 64}), machine),
        "another profile": (graph.model_copy(update={"profile": shapes}), machine),
        "another GPU": (graph, replace(machine, gpu=machine.gpu + "2")),
        "another TensorRT": (graph, replace(machine, tensorrt=machine.tensorrt + "1")),
        "another onnxruntime": (graph, replace(machine, onnxruntime=machine.onnxruntime + "1")),
    }
    return {
        name: str(engine_of(variant, one, where, cache).folder.relative_to(cache))
        for name, (one, where) in changed.items()
    }


def _export(context: Context) -> dict[str, Any]:
    start = time.monotonic()
    words = ["export", "engine", str(context.bundle), "--cache", str(context.out / "engines")]
    done = subprocess.run([sys.executable, "-c", EMVAS, *words], capture_output=True, text=True, check=False)
    said = (done.stderr or done.stdout).strip()
    return {"code": done.returncode, "seconds": round(time.monotonic() - start, 1), "said": said[-1000:]}


def _refusal(context: Context) -> str:
    """The sentence of a machine without TensorRT."""
    try:
        return this_machine().folder
    except NoTensorrtError:
        run = _export(context)
        if run["code"] != 1:
            raise FailedError(f"emvas export engine without TensorRT ends with {run['code']}", run) from None
        return "refused with a sentence"
