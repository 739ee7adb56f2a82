"""Aligns three modalities of different lengths to one fixed number of steps."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from training.fusion.layers.stream import Stream

Alignment = Literal["spread", "mean", "interleave"]
"""The method that aligns a modality to the steps.

`spread`: step i is the mean over the i-th of equal parts of the real length, repeated where frames are fewer.
`mean`: every step is the mean over the real length, MMSA's `need_normalized`.
`interleave`: step i is the mean over frames i, i + steps, i + 2 steps, ..., the last frame repeated to fill the rest;
what MMSA's average pooling does to a padded batch, and of use only with `padded_to`.
"""


def align(stream: Stream, steps: int, how: Alignment) -> Tensor:
    """[n, L, D] -> [n, steps, D]; zero where the modality is absent."""
    if how == "mean":
        return stream.mean().unsqueeze(1).expand(-1, steps, -1)
    if how == "interleave":
        return _interleave(stream.values, steps)
    return _spread(stream, steps)


def _spread(stream: Stream, steps: int) -> Tensor:
    """One product with weights [n, steps, L]: the share of frame j in part i, whose width is length / steps frames."""
    width = stream.length.clamp(min=1).to(stream.values.dtype).view(-1, 1, 1) / steps
    start = torch.arange(steps, device=stream.values.device).view(1, -1, 1) * width
    frame = torch.arange(stream.values.shape[1], device=stream.values.device).view(1, 1, -1)
    overlap = torch.minimum(start + width, frame + 1) - torch.maximum(start, frame)
    return (overlap.clamp(min=0) / width) @ stream.values


def _interleave(values: Tensor, steps: int) -> Tensor:
    frames = values.shape[1]
    rounds = -(-frames // steps)
    filled = torch.cat([values, values[:, -1:].expand(-1, rounds * steps - frames, -1)], dim=1)
    return filled.unflatten(1, (rounds, steps)).mean(dim=1)
