"""Checks that features and settings fit: the scale of the labels, the pooling of the text columns."""

from __future__ import annotations

import numpy as np

from training.features.dataset import Features
from training.fusion.metrics import SCALE
from training.fusion.models import FusionError, configure, spec
from training.fusion.settings import FusionSettings

_POOLING = "pooling"


def fitted(settings: FusionSettings, model: str, features: Features, where: str) -> FusionSettings:
    """The settings for these features, checked; the pooling of text follows from the columns, unless it is set.

    MMSA's text is BERT's, whose first token represents the whole; the box's columns have no such token.

    Raises:
        FusionError: a label is outside the data set's scale, the pooling does not fit the columns, or a hyperparameter
        is wrong.
    """
    _expect_scale(features, settings.dataset, where)
    configure(model, settings.model)
    if _POOLING not in spec(model).config.model_fields:
        return settings
    pooling, columns = settings.model.get(_POOLING), columns_of(features)
    if "digest" in columns and pooling == "first":
        raise FusionError(
            f"{where} holds the box's own columns, of which no row stands for the whole: model.{_POOLING} must be "
            "mean, not first"
        )
    if pooling is None and "digest" in columns:
        return settings.changed({f"model.{_POOLING}": "mean"})
    if pooling is None and str(columns.get("origin", "")).startswith("MMSA"):
        return settings.changed({f"model.{_POOLING}": "first"})
    return settings


def columns_of(features: Features) -> dict[str, object]:
    """The description of the columns, as in checkpoints."""
    return dict(features.meta.get("features") or {"origin": features.meta.get("origin", "unknown")})


def _expect_scale(features: Features, dataset: str, where: str) -> None:
    """Labels outside of it would be trained unchanged, but clipped in the evaluation."""
    most = SCALE[dataset]
    far = np.flatnonzero(np.abs(features.label) > most)
    if len(far):
        row = int(far[0])
        raise FusionError(
            f"{where}: {features.id[row]} is labelled {features.label[row]:g}, {len(far)} of {len(features)} rows lie "
            f"outside of {-most:g} to {most:g}, the scale of {dataset}: name the data set that it is (--dataset mosi), "
            "or scale the labels"
        )
