"""Low-rank tensor fusion: the weight is a sum of few outer products."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES
from training.fusion.layers.tensor_fusion import with_one


class LowRankFusion(nn.Module):
    """`sum over r of w_r (F_r^t [1;t]) (F_r^a [1;a]) (F_r^v [1;v]) + b`: a score [n].

    Liu et al., Efficient Low-rank Multimodal Fusion With Modality-Specific Factors, ACL 2018, with a learnt sum over
    the rank, as in the authors' code.
    """

    def __init__(self, sizes: tuple[int, int, int], rank: int) -> None:
        super().__init__()
        self.factors = nn.ParameterDict(
            {
                name: nn.init.xavier_normal_(torch.empty(rank, size + 1))
                for name, size in zip(MODALITIES, sizes, strict=True)
            }
        )
        self.weights = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, rank)))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, *rows: Tensor) -> Tensor:
        """[n] from the representations of text, audio and vision."""
        parts = [
            nn.functional.linear(with_one(row), self.factors[name]) for name, row in zip(MODALITIES, rows, strict=True)
        ]
        product = parts[0] * parts[1] * parts[2]
        return nn.functional.linear(product, self.weights, self.bias).squeeze(1)
