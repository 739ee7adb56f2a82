"""Small models and random batches for the tests of fusion models."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from training.fusion.models import build
from training.fusion.models.base import FusionNet

DIMS = {"text": 6, "audio": 5, "vision": 7}

SMALL: dict[str, dict[str, Any]] = {
    "ef_lstm": {"steps": 3, "hidden": 4, "layers": 2},
    "lf_dnn": {"hidden": [4, 5, 6], "text_out": 3, "fusion_hidden": 8},
    "tfn": {"hidden": [4, 5, 6], "text_out": 3, "fusion_hidden": 8},
    "lmf": {"hidden": [4, 5, 6], "rank": 2},
    "mfn": {"steps": 3, "hidden": [3, 4, 5], "memory": 6}
    | {f"{part}_hidden": 4 for part in ("attention", "proposal", "retain", "update", "out")},
    "mult": {"size": 4, "heads": 2, "layers": 1, "kernels": [3, 1, 2]},
    "misa": {"hidden": 4},
    "self_mm": {"lstm_hidden": [3, 4], "lstm_out": [2, 3], "fusion_hidden": 5, "single_hidden": [4, 3, 2]},
    "mtfn": {"hidden": [4, 5, 6], "text_out": 3, "fusion_hidden": 8, "single_weights": [0.5, 0.5, 0.5]},
    "mlf_dnn": {"hidden": [4, 5, 6], "text_out": 3, "fusion_hidden": 8},
    "mlmf": {"hidden": [4, 5, 6], "rank": 2},
    "mtme": {"lstm_hidden": [3, 4], "lstm_out": [2, 3], "fusion_hidden": 5, "single_hidden": [4, 3, 2]},
}
"""Tiny hyperparameters of each model."""


def small_model(name: str, seed: int = 0, **config: Any) -> FusionNet:
    """A tiny model in evaluation mode, its normalization statistics not those of a fresh one."""
    torch.manual_seed(seed)
    model = build(name, DIMS, {**SMALL[name], **config})
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand_like(buffer) + 0.5)
    return model.eval()


def batch(lengths: list[tuple[int, int, int]], presence: list[tuple[int, int, int]], seed: int = 0) -> list[Tensor]:
    """Random inputs of `forward`, zero-padded to the longest of each modality."""
    generator = torch.Generator().manual_seed(seed)
    inputs = []
    for column, size in enumerate(DIMS.values()):
        longest = max(row[column] for row in lengths)
        values = torch.randn(len(lengths), longest, size, generator=generator)
        for row, length in enumerate(lengths):
            values[row, length[column] :] = 0
        inputs.append(values)
    columns = [torch.tensor([row[column] for row in lengths]) for column in range(3)]
    return [*inputs, *columns, torch.tensor(presence, dtype=torch.float32)]
