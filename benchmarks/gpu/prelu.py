"""PRelu against the two convolutions that replace it on the CPU: same numbers, and which is faster under a provider."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.gpu.providers import here
from benchmarks.gpu.step import Context, FailedError, Finding
from edge.bundle.bundle import Bundle
from edge.bundle.selftest import golden, median_latency_ms, rms_ratio
from edge.bundle.session import Session

_ROLES = ("face_mesh", "iris")
_PARTS = ("negated", "below", "raised")
"""What `export.graphs.tflite_operators` calls the nodes of one PRelu, behind the name of its output."""
_ROUNDS = 3
_SAME = 1e-5


def ask(context: Context) -> Finding:
    """Both forms of the float32 graphs on each provider; the better of some rounds in turn counts.

    TensorRT builds an engine for each form; where it is asked they are not kept.
    """
    bundle = Bundle(context.bundle)
    with tempfile.TemporaryDirectory() as folder:
        rows = [_row(bundle, role, provider, Path(folder)) for provider in here(context) for role in _ROLES]
    wrong = [f"{row['provider']} {row['role']} {row['difference']:.1e}" for row in rows if row["difference"] > _SAME]
    if wrong:
        raise FailedError(f"the forms differ: {', '.join(wrong)}", rows)
    said = [f"{row['provider']} {row['role']} {row['prelu_ms']:.2f} / {row['convolutions_ms']:.2f} ms" for row in rows]
    return Finding(f"PRelu / two convolutions: {'; '.join(said)}", rows)


def _row(bundle: Bundle, role: str, provider: Any, folder: Path) -> dict[str, Any]:
    stored = bundle.folder / bundle.role(role).variants["fp32"].graphs["model"].file
    joined = folder / f"{role}.onnx"
    count = with_prelu(stored, joined)
    feeds, expected = golden(bundle, role, "model")
    sessions = {"prelu_ms": Session(joined, provider), "convolutions_ms": Session(stored, provider)}
    times = {
        name: min(values)
        for name, values in (
            (name, [median_latency_ms(session, feeds) for _ in range(_ROUNDS)]) for name, session in sessions.items()
        )
    }
    given = sessions["prelu_ms"].run(feeds, list(expected))
    difference = max(rms_ratio(given[name], value) for name, value in expected.items())
    return {"role": role, "provider": provider, "prelus": count, "difference": difference, **times}


def with_prelu(source: Path, target: Path) -> int:
    """Write the graph with each pair of convolutions as one PRelu again; return how many there are."""
    model = onnx.load(source)
    graph = model.graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    parts = {node.output[0]: node for node in graph.node}
    wholes = [name.removesuffix("_negated") for name in parts if name.endswith("_negated")]
    nodes = []
    for node in graph.node:
        name = node.output[0]
        if any(name == f"{whole}_{part}" for whole in wholes for part in _PARTS):
            continue
        if name in wholes:
            slopes = 1 - weights[parts[f"{name}_raised"].input[1]].reshape(-1, 1, 1).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(slopes, f"{name}_slopes"))
            source = parts[f"{name}_negated"].input[0]
            nodes.append(onnx.helper.make_node("PRelu", [source, f"{name}_slopes"], [name]))
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return len(wholes)
