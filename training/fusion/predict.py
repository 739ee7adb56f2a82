"""Predictions of a fusion model for rows of features, with all modalities or some."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.fusion.data import Rows
from training.fusion.layers.heads import MODALITIES
from training.fusion.models.base import FusionNet

_BATCH = 256
"""Rows at once; it changes no result."""


@torch.no_grad()
def predict(model: FusionNet, rows: Rows, device: torch.device, shown: Sequence[str] = MODALITIES) -> dict[str, Tensor]:
    """`score` [N], and the scores of single modalities where the model has them, on the CPU in float32."""
    model.eval()
    seen = torch.tensor([float(name in shown) for name in MODALITIES], device=device)
    parts = []
    for chosen in torch.arange(len(rows)).split(_BATCH):
        *inputs, presence = rows.inputs(chosen, device)
        parts.append({name: value.cpu() for name, value in model(*inputs, presence * seen).items()})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
