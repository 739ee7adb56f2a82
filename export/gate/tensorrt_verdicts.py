"""Removes int8 variants that TensorRT cannot build, or that bring no gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edge.bundle.manifest import Tensorrt, VariantName
from export.gate.build import default_variants
from export.role_build import VariantBuild

Verdicts = Mapping[VariantName, Tensorrt | None]


def settle(
    variants: Mapping[VariantName, VariantBuild], default: Mapping[str, VariantName], verdicts: Verdicts
) -> tuple[dict[VariantName, VariantBuild], dict[str, VariantName]]:
    """The variants that stay, and the one for each provider; fp32's `measured` says which one was removed, and why."""
    reason = _against_int8(verdicts)
    kept = {name: part for name, part in variants.items() if not (reason and name == "trt-int8")}
    if reason:
        measured = kept["fp32"].measured
        refused = {**measured.get("refused", {}), "trt-int8": {"reason": reason, **variants["trt-int8"].measured}}
        kept["fp32"] = replace(kept["fp32"], measured={**measured, "refused": refused})
    taken = {name: part for name, part in kept.items() if name == "fp32" or not problem(verdicts.get(name))}
    best = default_variants(taken)
    return kept, {provider: best[provider] if provider == "tensorrt" else name for provider, name in default.items()}


def problem(verdict: Tensorrt | None) -> str:
    """Why TensorRT refuses a variant; empty without a known reason."""
    for name, graph in verdict.graphs.items() if verdict else ():
        if graph.findings:
            return f"{name}: {graph.findings[0]}"
        if graph.build is not None and graph.build.engine_bytes is None:
            return f"{name}: {graph.build.builder} builds no engine: {'; '.join(graph.build.errors)}"
    return ""


def engine_bytes(verdict: Tensorrt | None) -> int | None:
    """Time of all engines of a variant; None if one was not built."""
    sizes = [graph.build.engine_bytes if graph.build else None for graph in verdict.graphs.values()] if verdict else []
    known = [size for size in sizes if size is not None]
    return sum(known) if sizes and len(known) == len(sizes) else None


def _against_int8(verdicts: Verdicts) -> str:
    int8 = verdicts.get("trt-int8")
    if reason := problem(int8):
        return reason
    int8_bytes, fp16_bytes = engine_bytes(int8), engine_bytes(verdicts.get("fp16"))
    if int8_bytes is None or fp16_bytes is None or int8_bytes < fp16_bytes:
        return ""
    return f"its engine has {int8_bytes:,} bytes and that of fp16 {fp16_bytes:,}: nothing is won"
