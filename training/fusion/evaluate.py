"""Figures of fusion models on a split: mean and deviation over seeds, with each modality missing and each alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.error import EmvasError
from training.features.dataset import Features
from training.fusion import checkpoint
from training.fusion.data import Rows
from training.fusion.layers.heads import MODALITIES
from training.fusion.metrics import METRICS, Figures
from training.fusion.models.base import FusionNet
from training.fusion.predict import CONDITIONS, predict

BASELINE = "baseline"
"""Baseline that always gives the median label of the training split."""


class EvaluationError(EmvasError):
    """The checkpoints cannot be evaluated together."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the seeds."""

    mean: float
    deviation: float
    """Population standard deviation, as MMSA reports it; 0 for one seed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one model."""

    model: str
    dataset: str
    split: str
    rows: int
    seeds: tuple[int | None, ...]
    conditions: Mapping[str, Mapping[str, Spread]]
    """By condition, then by figure; NaN if a seed lacks the figure."""
    baseline: Figures
    blind: Mapping[str, int]
    """Rows without any modality under a condition; they count, with the model's score for empty input."""

    def plain(self) -> dict[str, Any]:
        """Plain data for JSON; undefined figures are null."""

        def number(value: float) -> float | None:
            return None if math.isnan(value) else round(value, 6)

        return {
            "model": self.model,
            "dataset": self.dataset,
            "split": self.split,
            "rows": self.rows,
            "seeds": list(self.seeds),
            "conditions": {
                condition: {name: {"mean": number(s.mean), "std": number(s.deviation)} for name, s in figures.items()}
                for condition, figures in self.conditions.items()
            },
            BASELINE: {name: number(value) for name, value in self.baseline.items()},
            "rows_without_any_modality": dict(self.blind),
        }


def evaluate(
    paths: Sequence[Path],
    features: Features,
    where: str,
    split: str = "test",
    dataset: str | None = None,
    device: torch.device | None = None,
) -> Evaluation:
    """Evaluate checkpoints of one model, one per seed, on `split` of `features`; `where` names the file in messages.

    Raises:
        CheckpointError: a checkpoint cannot be read.
        EvaluationError: they are of different models.
        FeaturesError: the features are not those of the model, or the split is empty.
    """
    device = device or torch.device("cpu")
    contents = [checkpoint.load(path) for path in paths]
    names = {content["model"] for content in contents}
    if len(names) != 1:
        raise EvaluationError(f"Checkpoints of one model are judged together, these are of {', '.join(sorted(names))}")
    features.expect(contents[0]["dims"], where)
    dataset = dataset or contents[0].get("dataset", "sims")
    rows = Rows.of(features.of(split, where))
    results: dict[str, list[Figures]] = {condition: [] for condition in CONDITIONS}
    for path, content in zip(paths, contents, strict=True):
        for condition, figures in judge(checkpoint.model_of(content, str(path)).to(device), rows, dataset).items():
            results[condition].append(figures)
    return Evaluation(
        model=names.pop(),
        dataset=dataset,
        split=split,
        rows=len(rows),
        seeds=tuple(content.get("seed") for content in contents),
        conditions={condition: spread(figures) for condition, figures in results.items()},
        baseline=baseline(features, rows, where, dataset),
        blind=_blind(rows),
    )


def judge(model: FusionNet, rows: Rows, dataset: str) -> dict[str, Figures]:
    """The figures of one model under each condition."""
    device = next(model.parameters()).device
    count = METRICS[dataset]
    return {
        condition: count(predict(model, rows, device, shown)["score"].numpy(), rows.label.numpy())
        for condition, shown in CONDITIONS.items()
    }


def baseline(features: Features, rows: Rows, where: str, dataset: str) -> Figures:
    """The figures of the median label of the training split, for every row."""
    middle = float(np.median(features.of("train", where).label))
    return METRICS[dataset](np.full(len(rows), middle, np.float32), rows.label.numpy())


def spread(figures: Sequence[Figures]) -> dict[str, Spread]:
    """Mean and deviation of each figure."""
    columns = {name: [one[name] for one in figures] for name in figures[0]}
    return {name: Spread(float(np.mean(values)), float(np.std(values))) for name, values in columns.items()}


def _blind(rows: Rows) -> dict[str, int]:
    there = {name: (rows.presence[:, column] > 0) for column, name in enumerate(MODALITIES)}
    return {
        condition: int((~torch.stack([there[name] for name in shown]).any(dim=0)).sum())
        for condition, shown in CONDITIONS.items()
    }
