"""Measures a variant: its distance from float32, the time of a run, the size of its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx

from edge.bundle.selftest import median_latency_ms, rms_ratio
from edge.bundle.session import Session
from export.export_job import Feeds
from export.role_build import Array

_ROUNDS = 3
_NO_DIVISION_BY_ZERO = 1e-12

Key = TypeVar("Key", bound=str)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The worst output of one graph over all probes, against float32's."""

    max_abs_of_scale: float
    """Largest difference over the largest magnitude of the output."""
    rms_ratio: float
    least_cosine: float
    golden_rms_ratio: float
    """The same for the first probe alone, which is the golden input."""

    def manifest(self) -> dict[str, float]:
        """The figures, rounded to meaningful digits."""
        figures = {"max_abs_of_scale": self.max_abs_of_scale, "rms_ratio": self.rms_ratio}
        return {name: float(f"{value:.3g}") for name, value in figures.items()} | {
            "least_cosine": float(f"{self.least_cosine:.6g}")
        }


def agreement(exact: Path, changed: Path, probes: Sequence[Feeds]) -> Agreement:
    """Run both files of a graph on every probe."""
    first, second = Session(exact), Session(changed)
    pairs = [(first.run(probe), second.run(probe)) for probe in probes]
    outputs = [_agreement([(wanted[name], given[name]) for wanted, given in pairs]) for name in first.output_names]
    return Agreement(
        max(output.max_abs_of_scale for output in outputs),
        max(output.rms_ratio for output in outputs),
        min(output.least_cosine for output in outputs),
        max(output.golden_rms_ratio for output in outputs),
    )


def _agreement(pairs: Sequence[tuple[Array, Array]]) -> Agreement:
    """The ratio for one output over all probes together: a single number near zero has no useful ratio."""
    same = all(one.shape == other.shape for one, other in pairs)
    wanted, given = (np.concatenate([pair[side].astype(np.float64).ravel() for pair in pairs]) for side in (0, 1))
    if not same or not (np.isfinite(given).all() and np.isfinite(wanted).all()):
        return Agreement(float("inf"), float("inf"), -1.0, float("inf"))
    scale = max(float(np.abs(wanted).max()), _NO_DIVISION_BY_ZERO)
    length = max(float(np.linalg.norm(wanted) * np.linalg.norm(given)), _NO_DIVISION_BY_ZERO)
    return Agreement(
        float(np.abs(given - wanted).max()) / scale,
        rms_ratio(given, wanted),
        float(wanted @ given) / length,
        rms_ratio(pairs[0][1], pairs[0][0]),
    )


def latencies_ms(
    variants: Mapping[Key, Mapping[str, Path]], probes: Mapping[str, Sequence[Feeds]]
) -> dict[Key, dict[str, float]]:
    """Time of one run with the first probe on one thread, by variant and graph.

    The variants take turns, and the best of some rounds counts, so that other work of the machine does not decide.
    """
    found: dict[Key, dict[str, float]] = {name: {} for name in variants}
    for graph, samples in probes.items():
        sessions = {name: Session(graphs[graph]) for name, graphs in variants.items()}
        for _ in range(_ROUNDS):
            for name, session in sessions.items():
                value = round(median_latency_ms(session, samples[0]), 3)
                found[name][graph] = min(value, found[name].get(graph, value))
    return found


def weight_bytes(path: Path) -> int:
    """Bytes of the weights as an engine holds them: quantized ones count one byte per number."""
    graph = onnx.load(path).graph
    readers: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    return sum(_stored_bytes(item, readers.get(item.name, set())) for item in graph.initializer)


def _stored_bytes(item: onnx.TensorProto, readers: set[str]) -> int:
    numbers = int(np.prod(item.dims, dtype=np.int64))
    if readers == {"QuantizeLinear"}:
        return numbers
    return numbers * int(onnx.helper.tensor_dtype_to_np_dtype(item.data_type).itemsize)


def manifest_parity(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """The manifest's figures by graph."""
    return {graph: figures.manifest() for graph, figures in found.items()}
