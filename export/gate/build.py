"""Builds the variants of a role, judges each, and keeps the accepted ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.manifest import VariantName
from export.export_job import EvaluationTask, Family, Feeds
from export.gate.admission import FP32_TOLERANCE, CandidateTrial, Judge
from export.gate.decision import Decision, decided_variants
from export.gate.margins import Margins
from export.gate.measures import manifest_parity
from export.gate.sensitivity import LayerError, layer_errors
from export.gate.variant_files import FRAGILE, Maker
from export.role_build import BuildError, VariantBuild

Progress = Callable[[str], None]
Wanted = Sequence[VariantName] | Decision
"""Variants to try, or an earlier decision about them."""

_MOST_KEPT = 0.5
"""Largest share of the layers that may stay in float32: with more, hardly anything is quantized."""
_MORE = 4
"""Growth factor of the layers kept in float32 from trial to trial; each trial quantizes and judges the whole role
again."""
_SHOWN = 8
"""Number of layers in the manifest's table."""
_PROBES = 4
_PREFERRED: dict[str, tuple[VariantName, ...]] = {
    "cpu": ("cpu-int8", "fp32"),
    "cuda": ("fp16", "fp32"),
    "tensorrt": ("trt-int8", "fp16", "fp32"),
}
"""By provider, best first. Files quantized for the CPU have zero-points that TensorRT refuses."""


@dataclass(frozen=True, slots=True)
class ChosenVariants:
    """The variants to keep, and the one for each provider."""

    variants: dict[VariantName, VariantBuild]
    default: dict[str, VariantName]


def build_variants(
    fp32: Mapping[str, Path],
    families: Mapping[str, Family],
    calibration: Mapping[str, Sequence[Feeds]],
    task: EvaluationTask | None,
    wanted: Wanted,
    parity: Mapping[str, Any],
    work: Path,
    progress: Progress,
    probes: Mapping[str, Sequence[Feeds]] | None = None,
    margins: Margins = Margins(),  # noqa: B008 - frozen
) -> ChosenVariants:
    """Make the wanted variants of the float32 graphs, measure each, and keep the accepted ones.

    `probes` are real inputs by graph, the golden one first, that the calibration did not see; without them the first of
    the calibration are used. Float32 is always accepted; its `measured` says why another variant was refused. With a
    `Decision`, only its variants are made and compared with float32 again.

    Raises:
        BuildError: a calibration set is empty, there is no input at all to compare a wanted variant on, or one that
            was decided for is too far from float32 now.
    """
    compared = probes or {graph: samples[:_PROBES] for graph, samples in calibration.items()}
    if isinstance(wanted, Decision):
        made = decided_variants(wanted, fp32, families, calibration, parity, work, progress, compared, margins)
        return ChosenVariants(made, wanted.default)
    others = [name for name in wanted if name != "fp32"]
    if others and (bare := [graph for graph in fp32 if not compared.get(graph)]):
        raise BuildError(
            f"there are no real inputs of graph {bare[0]!r} to compare {', '.join(others)} with float32 on"
        )
    unproven = _unproven(task)
    judge = Judge(
        fp32, {graph: compared[graph] for graph in fp32 if compared.get(graph)}, None if unproven else task, margins
    )
    admitted: dict[VariantName, VariantBuild] = {}
    refused: dict[str, Any] = {}
    for name in others:
        progress(f"trying {name}")
        maker = Maker(name, fp32, families, calibration, work)
        if reason := maker.missing() or ("" if name == "fp16" else unproven):
            refused[name] = {"reason": reason}
            continue
        trials, layers = _tried(name, maker, judge, compared)
        best = trials[-1]
        figures = _figures(judge, best, trials, layers)
        if best.admitted:
            admitted[name] = VariantBuild(best.candidate.graphs, best.golden_tolerance, figures, maker.calibration())
        else:
            refused[name] = {"reason": "; ".join(filter(None, (best.wrong, best.useless))), **figures}
    exact = {"parity": dict(parity), **judge.task_figures(judge.score), "latency_ms_1_thread": judge.time_fp32()}
    exact |= {"refused": refused} if refused else {}
    variants: dict[VariantName, VariantBuild] = {"fp32": VariantBuild(dict(fp32), FP32_TOLERANCE, exact), **admitted}
    return ChosenVariants(variants, default_variants(variants))


def _unproven(task: EvaluationTask | None) -> str:
    """Why no task can judge a variant; float16 is then judged by parity alone."""
    if task is None:
        return "no evaluation set proves it"
    if task.samples < task.least_samples:
        return f"{task.samples} samples are too few to prove it: at least {task.least_samples} are needed"
    return ""


def default_variants(variants: Mapping[VariantName, Any]) -> dict[str, VariantName]:
    """The best of the variants for each provider."""
    return {
        provider: next(name for name in preferred if name in variants) for provider, preferred in _PREFERRED.items()
    }


def _tried(
    name: VariantName, maker: Maker, judge: Judge, probes: Mapping[str, Sequence[Feeds]]
) -> tuple[list[CandidateTrial], list[LayerError]]:
    """One trial, or several with more and more layers in float32; the last one counts."""
    if name == "fp16":
        trials = [judge.judge(name, maker.halved())]
        if trials[0].wrong:
            trials.append(judge.judge(name, maker.halved(FRAGILE)))
        return trials, []
    trials, layers = [judge.judge(name, maker.quantized())], []
    if trials[0].wrong and not trials[0].useless:
        candidate = trials[0].candidate
        for graph, base in candidate.bases.items():
            layers += layer_errors(graph, base, candidate.graphs[graph], probes[graph])
        layers.sort(key=lambda layer: -layer.rms_ratio)
    count = 1
    while trials[-1].wrong and not trials[-1].useless and count <= _MOST_KEPT * len(layers):
        kept: dict[str, list[str]] = {}
        for layer in layers[:count]:
            kept.setdefault(layer.graph, []).append(layer.node)
        trials.append(judge.judge(name, maker.quantized(kept)))
        count *= _MORE
    return trials, layers


def _figures(
    judge: Judge, best: CandidateTrial, trials: Sequence[CandidateTrial], layers: Sequence[LayerError]
) -> dict[str, Any]:
    found: dict[str, Any] = {"parity_to_fp32": manifest_parity(best.parity), **judge.task_figures(best.score)}
    found["weight_bytes"] = best.size
    if best.latency_ms:
        found["latency_ms_1_thread"] = dict(best.latency_ms)
    else:
        found["latency"] = "not timed: TensorRT only"
    if best.candidate.kept:
        found["kept_float"] = {graph: list(names) for graph, names in best.candidate.kept.items()}
    if len(trials) > 1:
        found["trials"] = [_row(trial) for trial in trials]
    if layers:
        found["worst_layers"] = [
            {"graph": one.graph, "layer": one.node, "operator": one.operator, "rms_ratio": round(one.rms_ratio, 4)}
            for one in layers[:_SHOWN]
        ]
    return found


def _row(trial: CandidateTrial) -> dict[str, Any]:
    """One row of the table of trials."""
    row: dict[str, Any] = {
        "kept_float": sum(len(names) for names in trial.candidate.kept.values()),
        "least_cosine": round(min(found.least_cosine for found in trial.parity.values()), 5),
        "max_abs_of_scale": float(f"{max(found.max_abs_of_scale for found in trial.parity.values()):.3g}"),
    }
    if trial.score is not None:
        row["task"] = round(float(trial.score), 5)
    return {**row, "verdict": trial.wrong or trial.useless or "good"}
