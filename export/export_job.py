"""The export job: a trained model as an exporter describes it, for the pipeline.

An exporter reads a checkpoint and fills an `ExportJob`; `export.pipeline.run_job` traces, checks, proves, quantizes and
describes it. Its second half, from a float32 graph to the accepted variants, is `export.gate`. The builders of
`export.roles` use it too.
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
"""The method of int8 for the CPU: static U8S8, dynamic MatMul, or not at all (recurrent nets, small heads)."""

Feeds = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class GraphJob:
    """One graph to be traced."""

    module: torch.nn.Module
    example: Callable[[Mapping[str, int]], Mapping[str, torch.Tensor]]
    """Inputs by name, in the order of `module.forward`, for given sizes of the free axes."""
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, FreeAxis]]
    """Free dimensions by input name and position; dimensions of one name have the same size."""
    family: Family


@dataclass(frozen=True, slots=True)
class MadeGraph:
    """One graph that is made and proven already; the gate starts from it."""

    path: Path
    parity: Mapping[str, Any]
    """The reference of the comparison, and the differences."""
    axes: Mapping[str, Mapping[int, FreeAxis]]
    family: Family


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """The quality of a role as one number over an evaluation set; every variant is judged by it."""

    name: str
    """Such as `character error rate` or `landmark error`."""
    unit: str
    better: Literal["lower", "higher"]
    tolerance: float
    """The largest accepted loss against float32, in the same unit."""
    score: Callable[[Mapping[str, Session]], SupportsFloat]
    """The figure of these sessions, by graph name. `ErrorCounts` are judged by the interval of the difference."""
    samples: int
    data: str
    """Description of the evaluation set."""
    least_samples: int = 1
    """With fewer samples chance decides, so no variant is judged by them."""


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
    """None without an evaluation set: then only float32 and float16 can be proven."""
    tensor_meanings: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    tables: Mapping[str, Path] = field(default_factory=dict)
