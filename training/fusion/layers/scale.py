"""Standardizes columns of very different sizes by their mean and spread on the training split."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MOST_FRAMES = 50_000
"""Largest number of measured frames, evenly spread over the split; percentiles are stable with fewer."""
_TAIL = 0.005
"""Share of a column's values, at either end, clipped before it is measured, so that a few outliers have no effect."""
_FURTHEST = 8.0
"""Number of spreads at which a value is clipped, in training and on the box."""


class Scale(nn.Module):
    """`(x - centre) / spread` per column, clipped at plus and minus 8 spreads. [n, L, D] -> [n, L, D].

    Centre and spread are buffers: a checkpoint holds them and a graph has them as constants.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))

    def forward(self, values: Tensor) -> Tensor:
        """Mask the padding afterwards: a zero does not stay zero."""
        return ((values - self.centre) / self.spread).clamp(-_FURTHEST, _FURTHEST)

    def measure(self, values: Tensor, length: Tensor, presence: Tensor) -> None:
        """Take mean and standard deviation from the real frames of `values` [N, L, D], without the outliers.

        Samples where `presence` [N] is 0 and frames from `length` [N] on do not count. A constant column keeps its
        size; without frames, centre and spread stay unchanged.
        """
        real = torch.arange(values.shape[1]) < (length * (presence > 0)).unsqueeze(1)
        places = real.flatten().nonzero().squeeze(1)
        if not len(places):
            return
        chosen = places[:: -(-len(places) // _MOST_FRAMES)]
        rows = values.reshape(-1, values.shape[2])[chosen].double()
        order = rows.sort(dim=0).values
        tail = int(_TAIL * (len(rows) - 1))
        rows = rows.clamp(order[tail], order[len(rows) - 1 - tail])
        centre, spread = rows.mean(dim=0), rows.std(dim=0, correction=0)
        even = spread <= torch.finfo(torch.float32).eps * centre.abs().clamp(min=1.0)
        self.centre.copy_(centre)
        self.spread.copy_(torch.where(even, torch.ones_like(spread), spread))
