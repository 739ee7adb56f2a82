"""The reliability of a model's scores for each set of modalities: the box reports it as the confidence of an affect."""

from __future__ import annotations

import numpy as np
import torch

from edge.affect.fusion import combination
from training.fusion.data import Rows
from training.fusion.evaluate import CONDITIONS
from training.fusion.layers.heads import MODALITIES
from training.fusion.models.base import FusionNet
from training.fusion.predict import predict

_LEAST_ROWS = 20
"""Under this many samples a correlation says too little to be told: its standard error is above .2."""


def correlations(model: FusionNet, rows: Rows, device: torch.device) -> dict[str, float]:
    """The correlation of the score with the label for each set of modalities, by `edge.affect.fusion.combination`.

    A sample counts for a set when it has all of it; a set that too few samples have, or for which the model always says
    the same, is left out.
    """
    found = {}
    for shown in CONDITIONS.values():
        there = rows.presence[:, [MODALITIES.index(name) for name in shown]].all(dim=1).numpy()
        if there.sum() < _LEAST_ROWS:
            continue
        scores = predict(model, rows, device, shown)["score"].numpy()[there]
        labels = rows.label.numpy()[there]
        if scores.std() > 0 and labels.std() > 0:
            found[combination(shown)] = round(float(np.corrcoef(scores, labels)[0, 1]), 3)
    return found
