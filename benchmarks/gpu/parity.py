"""Half precision on real inputs: how far fp16 (and what else the bundle has) is from float32 on the same provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.gpu.providers import bundles
from benchmarks.gpu.rows import Feeds, recorded
from benchmarks.gpu.step import Context, FailedError, Finding
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import VariantName
from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session

_MADE_FOR: dict[str, tuple[VariantName, ...]] = {"cpu": ("fp16",), "cuda": ("fp16",), "tensorrt": ("fp16", "trt-int8")}


def ask(context: Context) -> Finding:
    """FailedError when a worst output is further from float32's than the variant's own tolerance in the manifest."""
    rows = recorded(context.bundle, context.clip)
    found = [
        _row(bundle, role, graph, variant, feeds)
        for provider, bundle in bundles(context)
        for (role, graph), feeds in rows.items()
        for variant in _MADE_FOR[provider]
        if variant in bundle.role(role).variants
    ]
    wrong = [f"{row['provider']} {row['role']} {row['variant']}" for row in found if not row["passed"]]
    if wrong:
        raise FailedError(f"further from float32 than allowed: {', '.join(wrong)}", found)
    inputs = sum(len(feeds) for feeds in rows.values())
    worst = max(found, key=lambda row: row["rms_ratio"] / row["tolerance"])
    said = f"{worst['role']} {worst['graph']} {worst['rms_ratio']:.1e} of {worst['tolerance']:.1e} allowed"
    return Finding(f"{len(found)} graphs on {inputs} inputs of the clip; nearest to its limit: {said}", found)


def _row(bundle: Bundle, role: str, graph: str, variant: VariantName, feeds: Sequence[Feeds]) -> dict[str, Any]:
    exact, changed = bundle.session(role, graph, "fp32"), bundle.session(role, graph, variant)
    worst = max(_error(exact, changed, one) for one in feeds)
    tolerance = bundle.role(role).variants[variant].golden_tolerance
    return {
        "role": role,
        "graph": graph,
        "variant": variant,
        "provider": changed.provider,
        "inputs": len(feeds),
        "rms_ratio": worst,
        "tolerance": tolerance,
        "passed": bool(worst <= tolerance),
    }


def _error(exact: Session, changed: Session, feeds: Feeds) -> float:
    """Of the worst output; infinite when one is no number."""
    wanted, given = exact.run(feeds), changed.run(feeds)
    errors = [rms_ratio(given[name], value) for name, value in wanted.items()]
    return float(max(error if np.isfinite(error) else np.inf for error in errors))
