"""One run of each graph: median and 95th percentile, at batch 1 and at the profile's largest, copies counted or not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.gpu.providers import bundles
from benchmarks.gpu.step import Context, Finding
from edge.bundle.bundle import Bundle
from edge.bundle.selftest import golden
from edge.bundle.session import Array, Session

_WARM_UP, _RUNS = 5, 100
_DRY_RUNS = 2


def ask(context: Context) -> Finding:
    """Times in ms; `copies` counts moving inputs and outputs between host and device, `resident` does not."""
    runs = _DRY_RUNS if context.dry else _RUNS
    rows = [
        row
        for provider, bundle in bundles(context)
        for role in bundle.manifest.roles
        for row in _rows(bundle, role, provider, runs)
    ]
    timed = [row for row in rows if "copies" in row]
    slowest = max(timed, key=lambda row: row["copies"]["p50_ms"])
    text = f"{slowest['role']} {slowest['graph']} {slowest['at']}: {slowest['copies']['p50_ms']:.2f} ms"
    return Finding(f"{len(timed)} of {len(rows)} timed, {runs} runs each; the slowest, {text}", rows)


def _rows(bundle: Bundle, role: str, provider: str, runs: int) -> list[dict[str, Any]]:
    found = []
    variant = bundle.variant_name(role)
    for name, graph in bundle.role(role).variants[variant].graphs.items():
        session = bundle.session(role, name)
        feeds, _ = golden(bundle, role, name)
        shapes = {"golden input": feeds}
        if graph.profile:
            shapes["profile's largest"] = _largest(feeds, {key: shape.max for key, shape in graph.profile.items()})
        about = {"role": role, "graph": name, "variant": variant, "provider": provider}
        found += [about | {"at": at} | _times(session, values, runs) for at, values in shapes.items()]
    return found


def _largest(feeds: dict[str, Array], shapes: dict[str, list[int]]) -> dict[str, Array]:
    """The golden values, repeated until they fill the largest shape."""
    return {
        name: np.resize(value, shapes[name]).astype(value.dtype) if name in shapes else value
        for name, value in feeds.items()
    }


def _times(session: Session, feeds: dict[str, Array], runs: int) -> dict[str, Any]:
    """`refused` where the largest shapes do not fit each other: a full cache leaves no place for a token."""
    try:
        session.run(feeds)
    except Exception as error:  # onnxruntime raises its own unexported classes
        return {"refused": str(error)}
    inner = session._session
    device = "cpu" if session.provider == "CPUExecutionProvider" else "cuda"
    binding = inner.io_binding()
    for name, value in feeds.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(value, device, 0))
    for name in session.output_names:
        binding.bind_output(name, device, 0)

    def resident() -> None:
        inner.run_with_iobinding(binding)
        binding.synchronize_outputs()

    return {
        "copies": _percentiles(lambda: session.run(feeds), runs),
        "resident": _percentiles(resident, runs),
    }


def _percentiles(once: Callable[[], object], runs: int) -> dict[str, float]:
    for _ in range(min(_WARM_UP, runs)):
        once()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) * 1e3)
    return {"p50_ms": round(float(np.percentile(times, 50)), 3), "p95_ms": round(float(np.percentile(times, 95)), 3)}
