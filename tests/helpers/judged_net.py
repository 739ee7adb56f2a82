"""A small net with a residual sum, pictures for it, and a task that judges its variants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import helper
from small_graph import floats, save_graph

from edge.bundle.session import Session
from export.export_job import EvaluationTask
from export.gate import Margins

Array = npt.NDArray[np.float32]
GENEROUS = Margins(faster=100.0, int8_least_cosine=0.9)
"""Admits whatever is right, so that a busy machine decides nothing."""


def residual_cnn(path: Path) -> Path:
    random = np.random.default_rng(1)
    kernels = {name: random.standard_normal((8, 8, 3, 3)).astype(np.float32) * 0.2 for name in ("k0", "k1")}
    biases = {name: random.standard_normal(8).astype(np.float32) for name in ("b0", "b1")}
    nodes = [
        helper.make_node("Conv", ["x", "k0", "b0"], ["c0"], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c0"], ["r0"], "relu"),
        helper.make_node("Conv", ["r0", "k1", "b1"], ["c1"], "second", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c1", "x"], ["y"], "sum"),
    ]
    return save_graph(path, nodes, {**kernels, **biases}, inputs=floats(1, 8, 12, 12))


def pictures(count: int) -> list[dict[str, Array]]:
    random = np.random.default_rng(2)
    return [{"x": random.uniform(0, 1, (1, 8, 12, 12)).astype(np.float32)} for _ in range(count)]


def distance_task(fp32: Path, samples: list[dict[str, Array]], tolerance: float) -> EvaluationTask:
    wanted = [Session(fp32).run(sample)["y"] for sample in samples]

    def score(sessions: Mapping[str, Session]) -> float:
        return float(
            np.mean(
                [np.abs(sessions["model"].run(one)["y"] - y).mean() for one, y in zip(samples, wanted, strict=True)]
            )
        )

    return EvaluationTask("distance", "1", "lower", tolerance, score, len(samples), "random rows")
