"""The arithmetic limit of this CPU, by net: `python -m benchmarks.speed.cpu_limit --bundle DIR [--json OUT]`.

One thread's arithmetic is measured on a large matrix product by onnxruntime itself; a net's multiplications are counted
in its graph. Their quotient is the time below which the net cannot run in float32 with that arithmetic; `of_limit` says
how close each comes. Matrix product and nets are timed in turns, in CPU time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
from onnx import TensorProto, helper, shape_inference

from benchmarks.evidence import show_rows
from edge.bundle.bundle import Bundle
from edge.bundle.session import Session

NETS = {"face_detector": 1, "face_mesh": 1, "iris": 2, "eye_state": 2, "expression": 1}
"""Roles of the frame path, and pictures a run for one face."""
_SIDE = 768
_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Limit:
    """One net, one face."""

    role: str
    million_products: float
    cpu_ms: float
    limit_ms: float
    of_limit: float
    """The limit's time over the measured one: 1 cannot be beaten."""


def million_products(path: Path, batch: int) -> float:
    """Multiplications of the convolutions and matrix products of a graph, in millions."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del model.graph.value_info[:]
    graph = shape_inference.infer_shapes(model).graph
    values = (*graph.input, *graph.output, *graph.value_info)
    sizes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(sizes[node.output[0]])) * int(np.prod(weights[node.input[1]][1:]))
        elif node.op_type in {"Gemm", "MatMul"} and node.input[1] in weights:
            total += batch * int(np.prod(weights[node.input[1]]))
    return total / 1e6


def matrix_product(folder: Path) -> Session:
    """A product of two square matrices."""
    square = [_SIDE, _SIDE]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, square) for name in ("a", "b", "c")]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", ends[:2], ends[2:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), folder / "p.onnx")
    return Session(folder / "p.onnx")


def limits(bundle: Bundle, folder: Path) -> tuple[float, list[Limit]]:
    """The thread's GFLOP/s, and each net's limit."""
    random = np.random.default_rng(0)
    square = random.random((_SIDE, _SIDE), np.float32)
    product = matrix_product(folder)
    runs: dict[str, Any] = {"": lambda: product.run({"a": square, "b": square})}
    counts = {}
    for role, batch in NETS.items():
        session, (name,) = bundle.session(role), bundle.session(role).input_names
        picture = random.random((batch, *session.input_shapes[name][1:]), np.float32)  # type: ignore[arg-type]
        runs[role] = lambda session=session, name=name, picture=picture: session.run({name: picture})
        graph = bundle.role(role).variants[bundle.variant_name(role)].graphs["model"]
        counts[role] = million_products(bundle.folder / graph.file, batch)
    times: dict[str, list[float]] = {role: [] for role in runs}
    for _ in range(_ROUNDS):
        for role, run in runs.items():
            start_s = time.process_time()
            run()
            times[role].append((time.process_time() - start_s) * 1e3)
    ms = {role: float(np.median(values)) for role, values in times.items()}
    gflops = 2 * _SIDE**3 / ms[""] / 1e6
    found = []
    for role, count in counts.items():
        least = 2 * count / gflops
        found.append(Limit(role, round(count, 1), round(ms[role], 2), round(least, 2), round(least / ms[role], 2)))
    return gflops, found


@click.command()
@click.option("--bundle", "folder", default="build/bundle", show_default=True, type=click.Path(path_type=Path))
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(folder: Path, out: Path | None) -> None:
    """Compare the nets of the frame path with the arithmetic of one thread."""
    work = Path("build/bench")
    work.mkdir(parents=True, exist_ok=True)
    gflops, found = limits(Bundle(folder), work)
    click.echo(f"{gflops:.0f} GFLOP/s a thread")
    heads = ("net", "million products", "CPU ms", "limit ms", "of the limit")
    show_rows(heads, found, out, "nets", gflops=round(gflops, 1))


if __name__ == "__main__":
    main()
