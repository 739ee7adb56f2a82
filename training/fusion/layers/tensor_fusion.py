"""The first layer of a tensor fusion network, without the tensor."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def with_one(rows: Tensor) -> Tensor:
    """[n, k] -> [n, 1 + k]: a one in front, so that products of modalities contain those of fewer modalities."""
    return torch.cat([torch.ones_like(rows[:, :1]), rows], dim=1)


class TensorFusion(nn.Module):
    """`W ([1;a] x [1;v] x [1;t]) + b`, with `W` of shape [out, (A+1)(V+1)(T+1)] and t fastest.

    Zadeh et al. 2017 build the outer product of every sample, 1,094,049 numbers with the sizes for CH-SIMS. The same
    sum in another order needs (A+1)(V+1) + out(T+1) numbers a sample, there 12,481:

        m = [1;a] x [1;v]            [n, (A+1)(V+1)]
        g[o, t] = W[o, t, :] m       one matrix product, [n, out, T+1]
        y[o] = g[o, :] [1;t] + b

    Dropout acts on `m`, so on slices of the outer product along t, as its single cells never exist.
    """

    def __init__(self, text: int, audio: int, vision: int, out: int, dropout: float) -> None:
        super().__init__()
        self.out, self.text = out, text + 1
        self.dropout = nn.Dropout(dropout)
        pairs = (audio + 1) * (vision + 1)
        bound = 1 / math.sqrt(pairs * (text + 1))  # as torch.nn.Linear of the materialised form
        self.weight = nn.Parameter(torch.empty(out * (text + 1), pairs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out).uniform_(-bound, bound))

    def forward(self, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
        """[n, T], [n, A], [n, V] -> [n, out]."""
        pairs = (with_one(audio).unsqueeze(2) * with_one(vision).unsqueeze(1)).flatten(1)
        slices = nn.functional.linear(self.dropout(pairs), self.weight).unflatten(1, (self.out, self.text))
        return (slices @ with_one(text).unsqueeze(2)).squeeze(2) + self.bias


def contracted(weight: Tensor, text: int) -> Tensor:
    """The weight of `TensorFusion` from that of the materialised layer: [out, pairs * (text+1)], t fastest."""
    out = weight.shape[0]
    return weight.view(out, -1, text + 1).transpose(1, 2).reshape(out * (text + 1), -1).contiguous()
