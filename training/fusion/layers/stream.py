"""One modality of a batch, cleaned: values after its length and absent samples become zero."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Stream(NamedTuple):
    """A modality as every model receives it."""

    values: Tensor
    """[n, L, D], zero outside `mask`."""
    length: Tensor
    """[n] int64, 0 where the modality is absent."""
    mask: Tensor
    """[n, L] bool, true at real frames."""
    present: Tensor
    """[n, 1] float, 1 where there is at least one frame."""

    def mean(self) -> Tensor:
        """[n, D]: the mean over the real frames, zero without one."""
        return self.values.sum(dim=1) / self.length.clamp(min=1).unsqueeze(1)

    def last(self, states: Tensor) -> Tensor:
        """[n, H]: the row of `states` [n, L, H] at the last real frame, zero without one.

        A sum over a one-hot mask: exact, and without gathers that an engine builder may refuse.
        """
        steps = torch.arange(states.shape[1], device=states.device)
        final = steps.unsqueeze(0) == self.length.unsqueeze(1) - 1
        return (states * final.unsqueeze(2)).sum(dim=1)


def stream(values: Tensor, length: Tensor, presence: Tensor, padded_to: int | None = None) -> Stream:
    """Clean one modality: `values` [n, L, D], `length` [n], `presence` [n] with 1 for a present modality.

    With `padded_to` the zeros up to that many frames count as frames, and later frames are cut off: as in a toolkit
    that pads every sample to one size and ignores lengths. It does not depend on how far `values` is padded.
    """
    length = torch.where(presence > 0, length, torch.zeros_like(length))
    steps = torch.arange(values.shape[1], device=values.device)
    mask = steps.unsqueeze(0) < length.unsqueeze(1)
    values = values.masked_fill(~mask.unsqueeze(2), 0.0)
    present = (length > 0).to(values.dtype).unsqueeze(1)
    if padded_to is None:
        return Stream(values, length, mask, present)
    zeros = values.new_zeros(values.shape[0], padded_to, values.shape[2])
    values = torch.cat([values, zeros], dim=1)[:, :padded_to]
    length = (length > 0).to(length.dtype) * padded_to
    return Stream(values, length, (length > 0).unsqueeze(1).expand(-1, padded_to), present)


class ModalityDropout(nn.Module):
    """Drops whole modalities in training, so that a model learns to work without them.

    Each present modality of each sample is dropped with `probability`; a sample that would lose all keeps all.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, presence: Tensor) -> Tensor:
        """`presence` [n, 3] of 0 and 1, with dropped modalities in training, else unchanged."""
        if not self.training or self.probability == 0:
            return presence
        kept = presence * (torch.rand_like(presence) >= self.probability)
        return torch.where(kept.sum(dim=1, keepdim=True) > 0, kept, presence)
