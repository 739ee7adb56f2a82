"""The gate's decision about a role, kept beside the recipe: a build makes only the accepted variants."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from edge.bundle.manifest import Role, Tensorrt, VariantName
from export.export_job import Family, Feeds
from export.gate.admission import too_far
from export.gate.margins import Margins
from export.gate.measures import Agreement, agreement
from export.gate.variant_files import OPERATORS, Candidate, Maker
from export.role_build import BuildError, VariantBuild

TOOLS = ("ai-edge-litert", "numpy", "onnx", "onnxruntime", "torch", "transformers")
"""Libraries whose versions decide what a build makes."""


class Accepted(BaseModel):
    """An accepted variant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    golden_tolerance: float
    measured: dict[str, Any] = Field(default_factory=dict)
    """As in the manifest; `kept_float` names the layers in float32, fp32's `refused` the refused variants."""
    tensorrt: Tensorrt | None = None


class Decision(BaseModel):
    """One role's entry of a lock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_for: str = Field(pattern=r"^[0-9a-f]{64}$")
    """`Recipe.digest` of the role."""
    measured_with: dict[str, str]
    """Versions and machine: figures of time are those of this machine."""
    variants: dict[VariantName, Accepted]
    default: dict[str, VariantName]


def decision_of(role: Role, made_for: str) -> Decision:
    """The decision about a role that was just measured."""
    accepted = {
        name: Accepted(golden_tolerance=part.golden_tolerance, measured=part.measured, tensorrt=part.tensorrt)
        for name, part in role.variants.items()
    }
    return Decision(made_for=made_for, measured_with=tools(), variants=accepted, default=role.default)


def tools() -> dict[str, str]:
    """Versions of the libraries of a build, and the kind of this machine."""
    versions = {name: importlib.metadata.version(name) for name in TOOLS}
    return {"python": platform.python_version(), "machine": platform.machine(), **versions}


def decided_variants(
    decision: Decision,
    fp32: Mapping[str, Path],
    families: Mapping[str, Family],
    calibration: Mapping[str, Sequence[Feeds]],
    parity: Mapping[str, Any],
    work: Path,
    progress: Callable[[str], None],
    probes: Mapping[str, Sequence[Feeds]],
    margins: Margins,
) -> dict[VariantName, VariantBuild]:
    """Make the accepted variants, the same layers in float32, and compare each with float32 on `probes`.

    Raises:
        BuildError: the difference of one from float32 exceeds `margins`.
    """
    exact = decision.variants["fp32"]
    measured = {**exact.measured, "parity": {**exact.measured.get("parity", {}), **parity}}
    variants: dict[VariantName, VariantBuild] = {"fp32": VariantBuild(dict(fp32), exact.golden_tolerance, measured)}
    for name, accepted in decision.variants.items():
        if name == "fp32":
            continue
        progress(f"making {name}")
        maker = Maker(name, fp32, families, calibration, work)
        candidate = _made(maker, name, accepted.measured.get("kept_float", {}))
        if fault := too_far(name, _compared(fp32, candidate, probes), margins):
            raise BuildError(
                f"{name} was accepted when it was measured, and now is too far from float32: {fault}. "
                "Decide anew: emvas bundle build RECIPE --out OUT --measure"
            )
        variants[name] = VariantBuild(
            candidate.graphs, accepted.golden_tolerance, accepted.measured, maker.calibration()
        )
    return variants


def _made(maker: Maker, name: VariantName, kept: Mapping[str, Sequence[str]]) -> Candidate:
    return maker.halved(kept.get(OPERATORS, ())) if name == "fp16" else maker.quantized(kept)


def _compared(
    fp32: Mapping[str, Path], candidate: Candidate, probes: Mapping[str, Sequence[Feeds]]
) -> dict[str, Agreement]:
    changed = {graph: path for graph, path in candidate.graphs.items() if path != fp32[graph]}
    return {graph: agreement(fp32[graph], path, probes[graph]) for graph, path in changed.items()}
