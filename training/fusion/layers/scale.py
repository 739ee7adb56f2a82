"""Columns of very different sizes brought to one scale, as they were measured on the training split."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MOST_FRAMES = 50_000
"""Frames measured at most, evenly spread over the split: percentiles settle long before."""
_TAIL = 0.005
"""Share of a column's values, at either end, drawn in before it is measured: a few wild frames decide nothing."""
_FURTHEST = 8.0
"""Spreads at which a value is cut off, in training and on the box."""


class Scale(nn.Module):
    """`(x - centre) / spread` a column, cut off at plus and minus 8 spreads. [n, L, D] -> [n, L, D].

    Centre and spread are buffers: a checkpoint holds them and a graph has them as constants.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))

    def forward(self, values: Tensor) -> Tensor:
        """Padding is to be masked afterwards: a zero does not stay one."""
        return ((values - self.centre) / self.spread).clamp(-_FURTHEST, _FURTHEST)

    def measure(self, values: Tensor, length: Tensor, presence: Tensor) -> None:
        """Take mean and standard deviation from the real frames of `values` [N, L, D], without the wildest.

        Samples where `presence` [N] is 0 and frames from `length` [N] on do not count. A column that never changes
        keeps its size, and without any frame everything stays as it was.
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
