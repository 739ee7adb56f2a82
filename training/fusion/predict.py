"""Predictions of a fusion model for rows of features, and their correlation with the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from edge.affect.fusion import combination
from training.fusion.data import Rows
from training.fusion.layers.heads import MODALITIES
from training.fusion.models.base import FusionNet

CONDITIONS: dict[str, tuple[str, ...]] = {
    "all": MODALITIES,
    **{f"without {name}": tuple(other for other in MODALITIES if other != name) for name in MODALITIES},
    **{f"only {name}": (name,) for name in MODALITIES},
}
"""The present modalities, by condition."""
_BATCH = 256
"""Rows per call; the results do not depend on it."""
_LEAST_ROWS = 20
"""Fewer samples give a correlation with a standard error above .2."""


@torch.no_grad()
def predict(model: FusionNet, rows: Rows, device: torch.device, shown: Sequence[str] = MODALITIES) -> dict[str, Tensor]:
    """`score` [N], and the scores of single modalities if the model has them, on the CPU in float32."""
    model.eval()
    seen = torch.tensor([float(name in shown) for name in MODALITIES], device=device)
    parts = []
    for chosen in torch.arange(len(rows)).split(_BATCH):
        *inputs, presence = rows.inputs(chosen, device)
        parts.append({name: value.cpu() for name, value in model(*inputs, presence * seen).items()})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def correlations(model: FusionNet, rows: Rows, device: torch.device) -> dict[str, float]:
    """The correlation of the score with the label for each set of modalities, by `edge.affect.fusion.combination`.

    A sample counts for a set if it has all its modalities. A set with too few samples, or with constant scores, is left
    out.
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
