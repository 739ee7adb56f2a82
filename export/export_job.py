"""The export job: a trained model as an exporter describes it, for the pipeline.

An exporter reads a checkpoint and fills an `ExportJob`; `export.pipeline.run_job` traces, checks, proves, quantizes and
describes it. The second half of that, from a float32 graph to the variants worth having, is `export.gate`, which the
builders of `export.roles` use as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat

from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from export.role_build import Array, FreeAxis

if TYPE_CHECKING:
    import torch

Family = Literal["cnn", "transformer", "float"]
"""How the CPU's int8 is made: static U8S8, dynamic MatMul, or not at all (recurrent nets, small heads)."""

Feeds = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class GraphJob:
    """One graph to be traced."""

    module: torch.nn.Module
    example: Callable[[Mapping[str, int]], Mapping[str, torch.Tensor]]
    """Inputs by name, in the order of `module.forward`, for given sizes of the free axes."""
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, FreeAxis]]
    """Free dimensions by input name and position; one name is one size throughout."""
    family: Family


@dataclass(frozen=True, slots=True)
class MadeGraph:
    """One graph that was made and proven before; the gate goes on from there."""

    path: Path
    parity: Mapping[str, Any]
    """With what it was compared, and how far off it was."""
    axes: Mapping[str, Mapping[int, FreeAxis]]
    family: Family


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """What a role is for, as one number over an evaluation set: the judge of every variant."""

    name: str
    """As `character error rate` or `landmark error`."""
    unit: str
    better: Literal["lower", "higher"]
    tolerance: float
    """How much worse than float32 a variant may be, in the same unit."""
    score: Callable[[Mapping[str, Session]], SupportsFloat]
    """The figure reached by these sessions, by graph name. As `ErrorCounts` of enough utterances it is judged by the
    interval of the difference."""
    samples: int
    data: str
    """What the evaluation set is."""


@dataclass(frozen=True, slots=True)
class ExportJob:
    """A trained model on its way into a bundle."""

    role: str
    description: str
    sources: list[WeightSource]
    training_data: str
    graphs: Mapping[str, GraphJob | MadeGraph]
    golden_inputs: Mapping[str, Feeds]
    calibration: Mapping[str, Sequence[Feeds]] = field(default_factory=dict)
    """Real inputs by graph; a graph without any has no statically quantized variant."""
    task: EvaluationTask | None = None
    """None: there is no evaluation set, so only float32 and float16 can be proven."""
    tensor_meanings: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    tables: Mapping[str, Path] = field(default_factory=dict)
