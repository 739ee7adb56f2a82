"""Judges a variant's files: close to float32, as good at the task, and faster or smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat

from edge.bundle.manifest import VariantName
from edge.bundle.session import Session
from export.export_job import EvaluationTask, Feeds
from export.gate.margins import Margins
from export.gate.measures import Agreement, agreement, latencies_ms, weight_bytes
from export.gate.paired import ErrorCounts, PairedDifference, paired_difference
from export.gate.variant_files import Candidate

FP32_TOLERANCE = 1e-3
"""Golden tolerance of float32 on another machine: other kernels add in another order."""
LEAST_TOLERANCE, SPREAD = 0.01, 2.0
"""Golden tolerance of the others: this many times the error seen here, for CPUs that saturate differently."""
TIMED: tuple[VariantName, ...] = ("fp32", "cpu-int8")
"""Variants that are timed on the CPU; the others are made for TensorRT and CUDA."""

_NOISE = 1.05
"""Largest time of a file that is only smaller, as a share of float32's: two timings of one file differ as much."""


@dataclass(frozen=True, slots=True)
class CandidateTrial:
    """The measurements of one candidate."""

    candidate: Candidate
    parity: Mapping[str, Agreement]
    score: SupportsFloat | None
    """The task's figure; None without a task, or if parity failed before."""
    latency_ms: Mapping[str, float]
    """By graph; empty if it was not timed."""
    size: int
    wrong: str
    """Why it is not as good as float32; empty if it is."""
    useless: str
    """Why it brings no gain; empty if it does."""

    @property
    def admitted(self) -> bool:
        """Whether it is accepted."""
        return not self.wrong and not self.useless

    @property
    def golden_tolerance(self) -> float:
        """For the self-test on other machines."""
        worst = max(max(found.rms_ratio, found.golden_rms_ratio) for found in self.parity.values())
        return max(LEAST_TOLERANCE, round(SPREAD * worst, 3))


class Judge:
    """Compares candidates of one role with its float32 graphs."""

    def __init__(
        self,
        fp32: Mapping[str, Path],
        probes: Mapping[str, Sequence[Feeds]],
        task: EvaluationTask | None,
        margins: Margins,
    ) -> None:
        self._fp32 = fp32
        self._probes = probes
        self._task = task
        self._margins = margins
        self.score = self._score(fp32)
        """Float32's own."""
        self.latency_ms: dict[str, float] = {}
        """Float32's own, from the last comparison."""

    def judge(self, variant: VariantName, candidate: Candidate) -> CandidateTrial:
        """Measure a candidate; a clearly wrong one is not timed."""
        parity = {
            graph: agreement(self._fp32[graph], path, self._probes[graph]) for graph, path in self._pairs(candidate)
        }
        wrong = too_far(variant, parity, self._margins)
        score = None
        if not wrong:
            score = self._score(candidate.graphs)
            wrong = self._worse(score)
        latency_ms: dict[str, float] = {}
        if variant in TIMED:
            times = latencies_ms({"fp32": self._fp32, variant: candidate.graphs}, self._probes)
            self.latency_ms, latency_ms = times["fp32"], times[variant]
        size = _bytes(candidate.graphs)
        return CandidateTrial(candidate, parity, score, latency_ms, size, wrong, self._useless(latency_ms, size))

    def time_fp32(self) -> dict[str, float]:
        """Float32's time, measured now if no other variant was timed."""
        if not self.latency_ms:
            self.latency_ms = latencies_ms({"fp32": self._fp32}, self._probes)["fp32"]
        return self.latency_ms

    def task_figures(self, score: SupportsFloat | None) -> dict[str, Any]:
        """The manifest's entry about the task."""
        task = self._task
        if task is None or score is None:
            return {}
        described = {name: getattr(task, name) for name in ("name", "unit", "better", "tolerance", "samples", "data")}
        figures = {**described, "score": round(float(score), 5)}
        if (apart := self._apart(score)) is not None:
            figures["worse_than_fp32"] = apart.manifest()
        return {"task": figures}

    def _pairs(self, candidate: Candidate) -> list[tuple[str, Path]]:
        return [(graph, path) for graph, path in candidate.graphs.items() if path != self._fp32[graph]]

    def _score(self, graphs: Mapping[str, Path]) -> SupportsFloat | None:
        if self._task is None:
            return None
        return self._task.score({graph: Session(path) for graph, path in graphs.items()})

    def _apart(self, score: SupportsFloat) -> PairedDifference | None:
        """How much worse than float32, with its interval; None if the figure is one number."""
        if not isinstance(score, ErrorCounts) or not isinstance(self.score, ErrorCounts) or score is self.score:
            return None
        return paired_difference(score, self.score)

    def _worse(self, score: SupportsFloat | None) -> str:
        task = self._task
        if task is None or score is None or self.score is None:
            return ""
        here, exact = float(score), float(self.score)
        figures = f"{here:.4g} {task.unit} against float32's {exact:.4g}"
        if (apart := self._apart(score)) is not None:
            if apart.high <= task.tolerance:
                return ""
            return f"{task.name} {figures} may be worse by {apart.high:.4g}, which is more than {task.tolerance:g}"
        if (here - exact if task.better == "lower" else exact - here) <= task.tolerance:
            return ""
        return f"{task.name} {figures} is worse by more than {task.tolerance:g}"

    def _useless(self, latency_ms: Mapping[str, float], size: int) -> str:
        margins, exact = self._margins, _bytes(self._fp32)
        smaller = size <= margins.smaller * exact
        sizes = f"{size:,} bytes of weights are over {margins.smaller:g} of float32's {exact:,}"
        if not latency_ms:
            return "" if smaller else sizes
        candidate_ms, float32_ms = sum(latency_ms.values()), sum(self.latency_ms.values())
        if candidate_ms <= margins.faster * float32_ms or (smaller and candidate_ms <= _NOISE * float32_ms):
            return ""
        times = f"{candidate_ms:.2f} ms is over {margins.faster:g} of float32's {float32_ms:.2f} ms"
        return f"{times}, and {'it is slower' if smaller else sizes}"


def too_far(variant: VariantName, parity: Mapping[str, Agreement], margins: Margins) -> str:
    """The outputs of a variant, by graph, whose difference from float32 exceeds `margins`; empty if none does."""
    limit, least = margins.fp16_max_abs, margins.int8_least_cosine
    faults = []
    for graph, found in parity.items():
        if variant == "fp16" and not found.max_abs_of_scale <= limit:
            faults.append(f"{graph}: error {found.max_abs_of_scale:.2g} of the output's scale is over {limit:g}")
        if variant != "fp16" and not found.least_cosine >= least:
            faults.append(f"{graph}: cosine {found.least_cosine:.4f} with float32 is under {least:g}")
    return "; ".join(faults)


def _bytes(graphs: Mapping[str, Path]) -> int:
    """Of all weights."""
    return sum(weight_bytes(path) for path in graphs.values())
