"""The golden self-test of every role and variant under each provider; TensorRT's engines are built and timed first."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.providers import bundles
from benchmarks.gpu.step import Context, FailedError, Finding
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError, VariantName
from edge.bundle.selftest import check_variant
from edge.bundle.session import Provider


def ask(context: Context) -> Finding:
    """FailedError names the graphs whose outputs are not their golden ones."""
    rows = [
        row
        for provider, bundle in bundles(context)
        for role in bundle.manifest.roles
        for variant in _variants(bundle, role, provider)
        for row in _rows(bundle, role, variant)
    ]
    wrong = [f"{row['provider']} {row['role']} {row['graph']} {row['variant']}" for row in rows if not row["passed"]]
    if wrong:
        raise FailedError(
            f"{len(wrong)} of {len(rows)} graphs differ from their golden outputs: {', '.join(wrong)}", rows
        )
    return Finding(f"{len(rows)} graphs and variants agree with their golden outputs", rows)


def _variants(bundle: Bundle, role: str, provider: Provider) -> list[VariantName]:
    """What this provider could be given: int8 for the CPU stays there, and TensorRT's away from the others."""
    foreign = {"cpu": {"trt-int8"}, "cuda": {"cpu-int8", "trt-int8"}, "tensorrt": {"cpu-int8"}}[provider]
    return [name for name in bundle.role(role).variants if name not in foreign]


def _rows(bundle: Bundle, role: str, variant: VariantName) -> list[dict[str, Any]]:
    about = {"role": role, "variant": variant}
    try:
        return [
            about
            | {
                "graph": check.graph,
                "provider": check.provider,
                "error": check.error,
                "tolerance": check.tolerance,
                "ms": round(check.latency_ms, 3),
                "passed": check.passed,
            }
            for check in check_variant(bundle, role, variant)
        ]
    except BundleError as error:
        return [about | {"graph": "", "provider": bundle.provider, "passed": False, "error": str(error)}]
