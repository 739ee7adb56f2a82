"""Does every fusion model trace, and does its graph say what the model says at lengths that were not traced?

    PYTHONPATH=.:tests/helpers python -m benchmarks.fusion.graphs [--only mfn] [--json OUT] [--table OUT.md]

Small models with random weights: all of `training.fusion`, compared with torch, and all of MMSA, read from a checkpoint
with its exact key layout and compared with MMSA's own formulas (tests/helpers/mmsa_models.py).
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import mmsa_models
import numpy as np
import onnx
import torch
from fusion_batches import batch, small_model
from rich.progress import track
from torch import Tensor

from benchmarks.evidence import write_json, write_text
from edge.bundle.session import Session
from export.export_job import GraphJob
from export.exporters.fusion import INPUTS, fusion_graph
from export.exporters.mmsa import read_mmsa_model
from export.trace import trace
from training.fusion.models import MODELS

FRAMES = (8, 12, 10)
"""Longest inputs of our models here; traced at a quarter of it."""
UNTRACED = (
    batch([(1, 1, 1)], [(1, 1, 1)]),
    batch([(8, 4, 10), (2, 12, 1), (5, 5, 5)], [(1, 1, 1), (0, 1, 1), (1, 0, 0)]),
    batch([(4, 3, 2), (4, 1, 2)], [(0, 0, 0), (1, 1, 0)]),
)
OPTIONS = {
    "seq_lens": ",".join(map(str, mmsa_models.FRAMES)),
    "dims": ",".join(map(str, mmsa_models.DIMS)),
    "num_heads": str(mmsa_models.Mult.heads),
}
_THEIRS = {"score": "M", "text_score": "T", "audio_score": "A", "vision_score": "V"}


@dataclass(frozen=True, slots=True)
class Proof:
    """One model; `max_abs` is the largest difference over all scores and inputs."""

    origin: str
    model: str
    scores: int
    nodes: int
    trace_s: float
    """Processor time."""
    max_abs: float


def prove_ours(name: str, folder: Path) -> Proof:
    """A model of `training.fusion` against itself in torch."""
    model = small_model(name)
    with torch.inference_mode():
        wanted = [model(*inputs) for inputs in UNTRACED]
    return _prove("training.fusion", name, fusion_graph(model, FRAMES), UNTRACED, wanted, folder)


def prove_mmsa(name: str, folder: Path) -> Proof:
    """A checkpoint of MMSA's layout against MMSA's formulas."""
    original = mmsa_models.made(name)
    torch.save(mmsa_models.state_of(original), folder / "model.pth")
    graph = fusion_graph(read_mmsa_model(folder / "model.pth", OPTIONS).model, mmsa_models.FRAMES)
    values, lengths = mmsa_models.padded_batch()
    with torch.inference_mode():
        said = original(*values, lengths) if name == "self_mm" else original(*values)
    wanted = {ours: said[theirs].squeeze(1) for ours, theirs in _THEIRS.items() if theirs in said}
    return _prove("MMSA", name, graph, [[*values, *lengths, torch.ones(4, 3)]], [wanted], folder)


def _prove(
    origin: str,
    name: str,
    graph: GraphJob,
    inputs: Sequence[Sequence[Tensor]],
    wanted: Sequence[Mapping[str, Tensor]],
    folder: Path,
) -> Proof:
    path, start_s = folder / "model.onnx", time.process_time()
    trace(name, graph, path)
    trace_s = time.process_time() - start_s
    session, worst = Session(path), 0.0
    for given, scores in zip(inputs, wanted, strict=True):
        found = session.run({key: part.numpy() for key, part in zip(INPUTS, given, strict=True)})
        worst = max(worst, *(float(np.abs(found[key] - value.numpy()).max()) for key, value in scores.items()))
    return Proof(origin, name, len(wanted[0]), len(onnx.load(path).graph.node), round(trace_s, 1), worst)


def markdown(proofs: Sequence[Proof]) -> str:
    """The table of docs/evidence/fusion_graphs.md."""
    rows = [
        f"| {one.origin} | {one.model} | {one.scores} | {one.nodes} | {one.trace_s:.1f} | {one.max_abs:.1e} |"
        for one in proofs
    ]
    return "\n".join(
        [
            "# Graphs of the fusion models",
            "",
            "Small models with random weights, traced and run by ONNX Runtime at lengths that were not traced. Ours",
            "are compared with torch, also with absent modalities; those of MMSA, read from checkpoints with its key",
            "layout, with MMSA's own formulas on padded clips. Seconds are processor time of the trace, on a busy",
            "machine.",
            "",
            "| origin | model | scores | nodes | trace, s | largest difference |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "Written by `PYTHONPATH=.:tests/helpers python -m benchmarks.fusion.graphs --table OUT.md`.",
            "",
        ]
    )


@click.command(epilog="Example: python -m benchmarks.fusion.graphs --only mfn")
@click.option("--only", multiple=True, help="Prove these models only.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here.")
@click.option("--table", "table_path", type=click.Path(path_type=Path), help="Write the table here, in Markdown.")
def main(only: tuple[str, ...], json_path: Path | None, table_path: Path | None) -> None:
    """Prove every model, ours and MMSA's."""
    known = [(prove_ours, name) for name in MODELS] + [(prove_mmsa, name) for name in mmsa_models.MODELS]
    proofs: list[Proof] = []
    for prove, name in track([one for one in known if not only or one[1] in only], "tracing"):
        with tempfile.TemporaryDirectory() as folder:
            proofs.append(prove(name, Path(folder)))
            click.echo(json.dumps(asdict(proofs[-1])))
    if json_path is not None:
        write_json(json_path, [asdict(one) for one in proofs])
    if table_path is not None:
        write_text(table_path, markdown(proofs))


if __name__ == "__main__":
    main()
