"""Output heads: from a representation to a score."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MODALITIES = ("text", "audio", "vision")
"""The order of the columns of `presence`, of single-modality labels and of every triple in a configuration."""
Sizes = tuple[int, int, int]
"""Three sizes in the order text, audio, vision."""
Shares = tuple[float, float, float]
"""Three probabilities or weights in that order."""


class ScoreHead(nn.Module):
    """Dropout and three layers, two of them rectified. [n, size] -> score [n].

    The form of `post_fusion_*` and `post_text_*` in MMSA's multi-task models and of LF-DNN's fusion.
    """

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.layer_1 = nn.Linear(size, hidden)
        self.layer_2 = nn.Linear(hidden, hidden)
        self.layer_3 = nn.Linear(hidden, 1)

    def represent(self, rows: Tensor) -> Tensor:
        """[n, hidden]: the first layer's output for `rows` (F* in Self-MM's terms)."""
        return torch.relu(self.layer_1(self.dropout(rows)))

    def judge(self, representation: Tensor) -> Tensor:
        """[n]: the score of a representation."""
        return self.layer_3(torch.relu(self.layer_2(representation))).squeeze(1)

    def forward(self, rows: Tensor) -> Tensor:
        """[n]: the score."""
        return self.judge(self.represent(rows))


class SingleHeads(nn.Module):
    """One head per modality, for models that also learn a score of each modality."""

    def __init__(
        self, sizes: tuple[int, int, int], hidden: tuple[int, int, int], dropouts: tuple[float, float, float]
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(
            {name: ScoreHead(*shape) for name, *shape in zip(MODALITIES, sizes, hidden, dropouts, strict=True)}
        )

    def forward(self, *rows: Tensor) -> dict[str, Tensor]:
        """`text_score`, `audio_score`, `vision_score`, each [n], from the three unimodal representations."""
        return {f"{name}_score": self.heads[name](part) for name, part in zip(MODALITIES, rows, strict=True)}
