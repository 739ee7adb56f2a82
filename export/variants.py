"""Which variants of a role get into the bundle: fp32 always, int8 where it is faster here and as good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.manifest import VariantName
from edge.bundle.selftest import median_latency_ms, rms_ratio
from edge.bundle.session import Session
from export.role import Array, VariantBuild

Outputs = Mapping[str, Array]
Feeds = Mapping[str, Array]

FP32_TOLERANCE = 1e-3
"""Golden tolerance of float32 on another machine: other kernels sum in another order."""
_WORTH_IT = 0.9
"""An int8 file must take at most this share of the time of fp32."""
_ROUNDS = 3
_LEAST_INT8_TOLERANCE, _INT8_SPREAD = 0.01, 2.0
"""Golden tolerance of int8: this many times the error seen here, for CPUs that saturate differently."""

_INT8_ON_CPU: dict[str, VariantName] = {"cpu": "cpu-int8", "cuda": "fp32", "tensorrt": "fp32"}
"""Files quantized for the CPU have zero-points that TensorRT refuses."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How far int8 may be from fp32, in the unit of the task."""

    name: str
    largest: float
    between: Callable[[Outputs, Outputs], float]
    """The deviation of (fp32 outputs, int8 outputs) of one sample."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The variants to keep and the one for the CPU."""

    variants: dict[VariantName, VariantBuild]
    default: dict[str, VariantName]


def choose(
    fp32: Path,
    int8: Path,
    samples: Sequence[Feeds],
    measures: Sequence[Measure],
    parity: Mapping[str, Any],
    calibration: Mapping[str, Any],
) -> Choice:
    """Compare two files of a role with one graph on `samples` that the calibration did not see."""
    exact, quantized = Session(fp32), Session(int8)
    pairs = [(exact.run(sample), quantized.run(sample)) for sample in samples]
    deviations = {measure.name: max(measure.between(*pair) for pair in pairs) for measure in measures}
    latency_ms = latencies_ms({"fp32": exact, "cpu-int8": quantized}, samples[0])
    reasons = [
        f"{measure.name} {deviations[measure.name]:.3g} is over {measure.largest:g}"
        for measure in measures
        if not deviations[measure.name] <= measure.largest
    ]
    if not latency_ms["cpu-int8"] <= _WORTH_IT * latency_ms["fp32"]:
        reasons.append(f"{latency_ms['cpu-int8']:.2f} ms is not faster than {latency_ms['fp32']:.2f} ms by a tenth")
    tried = {
        "included": not reasons,
        "reason": "; ".join(reasons) or "faster, and within every limit",
        "samples": len(samples),
        "largest_deviation": {name: round(value, 4) for name, value in deviations.items()},
        "latency_ms_1_thread": {name: round(value, 3) for name, value in latency_ms.items()},
    }
    exact_build = VariantBuild({"model": fp32}, FP32_TOLERANCE, {"parity": parity, "cpu_int8_tried": tried})
    if reasons:
        return Choice({"fp32": exact_build}, {"cpu": "fp32"})
    exact_outputs, quantized_outputs = zip(*pairs, strict=True)
    error = max(
        rms_ratio(_together(name, quantized_outputs), _together(name, exact_outputs)) for name in exact.output_names
    )
    tolerance = max(_LEAST_INT8_TOLERANCE, round(_INT8_SPREAD * error, 3))
    int8_build = VariantBuild({"model": int8}, tolerance, {"against_fp32": tried}, calibration)
    return Choice(
        {"fp32": exact_build, "cpu-int8": int8_build}, {"cpu": "cpu-int8", "cuda": "fp32", "tensorrt": "fp32"}
    )


def _together(name: str, outputs: Sequence[Outputs]) -> Array:
    """One output over all samples: a single number near zero has no ratio of its own."""
    return np.concatenate([output[name].ravel() for output in outputs])


def latencies_ms(sessions: Mapping[VariantName, Session], feeds: Feeds) -> dict[VariantName, float]:
    """The best of some alternating rounds: what else the machine does must not decide."""
    rounds = [{name: median_latency_ms(session, feeds) for name, session in sessions.items()} for _ in range(_ROUNDS)]
    return {name: min(times[name] for times in rounds) for name in sessions}
