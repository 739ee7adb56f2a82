"""The manifest's entry about a variant and TensorRT: for each graph, the linter's findings and the builder's result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.bundle.manifest import GraphVerdict, Tensorrt, VariantName
from export.tensorrt.build import build_engine, builder_missing
from export.tensorrt.lint import lint_graph
from export.tensorrt.profile import Axes

PROVIDER_OPTIONS: dict[VariantName, dict[str, str]] = {
    "fp32": {},
    "fp16": {"trt_fp16_enable": "1", "trt_layer_norm_fp32_fallback": "1"},
    "trt-int8": {"trt_int8_enable": "1"},
}
"""Options of onnxruntime's TensorRT provider by variant; the others are made for the CPU and not judged.

Only the measured precision of the variant is allowed: float32 is never computed in float16.
"""


def judge_variant(variant: VariantName, graphs: Mapping[str, Path], axes: Mapping[str, Axes]) -> Tensorrt | None:
    """Lint and build every graph of a variant; None for a variant made for the CPU."""
    if variant not in PROVIDER_OPTIONS:
        return None
    verdicts = {graph: judge_graph(path, variant, axes.get(graph, {})) for graph, path in graphs.items()}
    return Tensorrt(graphs=verdicts, options=PROVIDER_OPTIONS[variant])


def judge_graph(path: Path, variant: VariantName, axes: Axes) -> GraphVerdict:
    """Lint one graph, and build it unless it has no profile or there is no builder."""
    findings = lint_graph(path, variant, axes)
    texts = [str(finding) for finding in findings]
    if reason := builder_missing():
        return GraphVerdict(findings=texts, not_built=reason)
    if any(finding.rule in {"profile", "self-contained"} for finding in findings):
        return GraphVerdict(findings=texts, not_built="the findings say what an engine lacks")
    return GraphVerdict(findings=texts, build=build_engine(path, axes))
