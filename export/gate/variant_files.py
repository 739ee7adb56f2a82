"""Makes the files of a variant (fp16, int8) that the gate has not judged yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.bundle.manifest import VariantName
from export.export_job import Family, Feeds
from export.quantize import described, halve, prepare, quantize_cnn, quantize_for_tensorrt, quantize_transformer

FRAGILE = ("LayerNormalization", "Softmax", "ReduceMean", "ReduceSum", "Pow", "Sqrt", "Exp", "Div", "Reciprocal")
"""Operators whose sums, squares and quotients leave float16's range first; they stay in float32 if float16 fails."""
OPERATORS = "operators"
"""Key of `Candidate.kept` for operators of every graph; single nodes stand under their graph's name."""
_DYNAMIC = {"n": 0, "method": "none: activations are quantized as they come"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variant's files; `bases` are those that its quantized graphs were made from."""

    graphs: Mapping[str, Path]
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bases: Mapping[str, Path] = field(default_factory=dict)


class Maker:
    """Makes one variant of a role, again and again, with more and more layers in float32."""

    def __init__(
        self,
        variant: VariantName,
        fp32: Mapping[str, Path],
        families: Mapping[str, Family],
        calibration: Mapping[str, Sequence[Feeds]],
        work: Path,
    ) -> None:
        self._variant = variant
        self._fp32 = fp32
        self._families = families
        self._calibration = calibration
        self._work = work
        self._prepared: dict[str, Path] = {}

    def missing(self) -> str:
        """Why this variant cannot be made; empty if it can."""
        if self._variant == "fp16":
            return ""
        if not self._quantized():
            return "no graph of this role has a kind of layers that int8 is made of"
        bare = [graph for graph in self._static() if graph not in self._calibration]
        return f"no real inputs to calibrate {', '.join(bare)} with" if bare else ""

    def calibration(self) -> dict[str, Any] | None:
        """The manifest's entry about the ranges."""
        if self._variant == "fp16":
            return None
        static = [sample for graph in self._static() for sample in self._calibration[graph]]
        return described(static) if static else dict(_DYNAMIC)

    def halved(self, keep_types: Collection[str] = ()) -> Candidate:
        """Every graph in float16."""
        graphs = {graph: self._target(graph) for graph in self._fp32}
        for graph, path in graphs.items():
            halve(self._fp32[graph], path, keep_types)
        return Candidate(graphs, {OPERATORS: sorted(keep_types)} if keep_types else {})

    def quantized(self, kept: Mapping[str, Sequence[str]] | None = None) -> Candidate:
        """Every graph with an int8 method, the others in float32; nodes in `kept`, by graph, stay in float32."""
        graphs, bases, keep = dict(self._fp32), {}, kept or {}
        for graph in self._quantized():
            graphs[graph], bases[graph] = self._target(graph), self._base(graph)
            self._quantize(graph, bases[graph], graphs[graph], keep.get(graph, ()))
        return Candidate(graphs, {graph: list(names) for graph, names in keep.items() if names}, bases)

    def _quantize(self, graph: str, base: Path, target: Path, keep: Collection[str]) -> None:
        if graph not in self._static():
            quantize_transformer(base, target, keep)
        elif self._variant == "cpu-int8":
            quantize_cnn(base, target, self._calibration[graph], keep)
        else:
            quantize_for_tensorrt(base, target, self._calibration[graph], keep)

    def _quantized(self) -> list[str]:
        return [graph for graph, family in self._families.items() if family != "float"]

    def _static(self) -> list[str]:
        """Graphs whose ranges come from a calibration."""
        return [graph for graph in self._quantized() if self._variant == "trt-int8" or self._families[graph] == "cnn"]

    def _base(self, graph: str) -> Path:
        if graph not in self._static():
            return self._fp32[graph]
        if graph not in self._prepared:
            self._prepared[graph] = self._work / f"{graph}.prepared.onnx"
            if not self._prepared[graph].exists():
                prepare(self._fp32[graph], self._prepared[graph])
        return self._prepared[graph]

    def _target(self, graph: str) -> Path:
        return self._work / f"{graph}.{self._variant}.onnx"
