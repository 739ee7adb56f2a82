"""Runs an export job, from a trained module to a role of a bundle: check, trace, prove, quantize, describe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from export.export_job import ExportJob, GraphJob, MadeGraph
from export.gate import Wanted, build_variants
from export.role_build import BuildError, RoleBuild
from export.trace import check_weights, prove_parity, trace

Progress = Callable[[str], None]
"""Called with a short description of the current step."""


def run_job(job: ExportJob, wanted: Wanted, work: Path, progress: Progress) -> RoleBuild:
    """Make the wanted variants of a role; `work` is an empty folder.

    Raises:
        BuildError: weights are not finite, a module cannot be traced, or a graph differs from the module.
    """
    _check_samples(job)
    traced = {name: graph for name, graph in job.graphs.items() if isinstance(graph, GraphJob)}
    made = {name: graph for name, graph in job.graphs.items() if isinstance(graph, MadeGraph)}
    for name, graph in traced.items():
        check_weights(graph.module, name)
    fp32 = {name: graph.path for name, graph in made.items()}
    parity: dict[str, Any] = {name: graph.parity for name, graph in made.items()}
    for name, graph in traced.items():
        progress(f"tracing {name}")
        fp32[name] = work / f"{name}.fp32.onnx"
        trace(name, graph, fp32[name])
        progress(f"comparing {name} with torch at sizes that were not traced")
        parity[name] = prove_parity(name, graph, fp32[name])
    families = {name: graph.family for name, graph in job.graphs.items()}
    probes = {name: [feeds] for name, feeds in job.golden_inputs.items()}
    choice = build_variants(fp32, families, job.calibration, job.task, wanted, parity, work, progress, probes)
    return RoleBuild(
        description=job.description,
        sources=job.sources,
        training_data=job.training_data,
        variants=choice.variants,
        default=choice.default,
        golden_inputs=job.golden_inputs,
        tensor_meanings=job.tensor_meanings,
        preprocessing=job.preprocessing,
        labels=job.labels,
        not_checked=job.not_checked,
        tables=job.tables,
        axes={name: graph.axes for name, graph in job.graphs.items()},
    )


def _check_samples(job: ExportJob) -> None:
    if missing := set(job.graphs) - set(job.golden_inputs):
        raise BuildError(f"role {job.role!r} has no golden inputs for {', '.join(sorted(missing))}")
    for graph, samples in job.calibration.items():
        if not samples:
            raise BuildError(
                f"the calibration set of {job.role!r} has no sample for graph {graph!r}: "
                "give a file with real inputs, or leave --calibration away"
            )
