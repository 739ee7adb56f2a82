"""The state of a training run: its task, which must not change, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.fusion.settings import FusionSettings
from training.processes import Place


@dataclass(slots=True)
class FusionPosition:
    """How far a run has come."""

    epoch: int = 1
    batch: int = 0
    """Batches done in this epoch."""
    loss_sum: float = 0.0
    """Sum of the loss over those batches."""
    best_error: float = math.inf
    """Lowest mean absolute error on the validation split."""
    best_epoch: int = 0
    done: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch: `epoch`, `loss` (training), `error` (validation), `learning_rate`."""


@dataclass(frozen=True, slots=True)
class FusionTask:
    """The task of a run; it must be the same when the run continues."""

    model: str
    settings: FusionSettings
    dims: Mapping[str, int]
    features: Mapping[str, Any]
    """The description of the columns, from the feature file."""
    data_sha256: str
    seed: int

    def identity(self, place: Place) -> dict[str, Any]:
        """All settings that decide the results of a run, except the number of epochs."""
        settings = self.settings.model_dump(mode="json")
        del settings["training"]["epochs"]
        return {"settings": settings, "data_sha256": self.data_sha256, "seed": self.seed, "processes": place.world}
