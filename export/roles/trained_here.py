"""Shared code of the roles whose weights this project trained: small networks, one graph, no archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from export.export_job import Family
from export.gate import ChosenVariants, Wanted, build_variants
from export.parity import check_parity
from export.role_build import Array
from export.trace import export_module


def our_source(checkpoint: Path, origin: str) -> WeightSource:
    """The manifest's entry about a checkpoint in `configs/bundles` that the module `origin` made."""
    return WeightSource(
        archive="this project",
        file=f"configs/bundles/{checkpoint.name}",
        sha256=sha256_of(checkpoint),
        licence="Apache-2.0",
        origin=origin,
    )


def build_head(
    module: nn.Module,
    golden: Mapping[str, Array],
    output: str,
    family: Family,
    variants: Wanted,
    work: Path,
    progress: Callable[[str], None],
) -> ChosenVariants:
    """Trace `module` with a free first axis, prove it and judge its variants; `golden` holds its one input.

    `family` is the method of its int8 variants.
    """
    (name, rows), *_ = golden.items()
    graph = work / "model.fp32.onnx"
    export_module(module, (torch.from_numpy(rows),), graph, [name], [output], ({0: Dim("n")},))

    def engine(feeds: Mapping[str, Array]) -> Mapping[str, Array]:
        return {output: module(torch.from_numpy(feeds[name])).detach().numpy()}

    samples = [dict(golden), {name: rows[:1]}]
    parity = check_parity(Session(graph), engine, f"torch {torch.__version__}", samples)
    probes = {"model": [dict(golden)]}
    return build_variants({"model": graph}, {"model": family}, {}, None, variants, parity, work, progress, probes)
