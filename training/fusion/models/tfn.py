"""TFN: the outer product of the three modalities; the model of the published system."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from training.fusion.layers.heads import Shares, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.layers.subnets import Subnets
from training.fusion.layers.tensor_fusion import TensorFusion
from training.fusion.models.base import FusionConfig, FusionNet


class TfnConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS."""

    hidden: Sizes = (128, 32, 128)
    text_out: int = Field(256, gt=0)
    fusion_hidden: int = Field(32, gt=0)
    dropouts: Shares = (0.4, 0.4, 0.4)
    fusion_dropout: float = Field(0.4, ge=0, lt=1)
    output_range: tuple[float, float] | None = (-3.0, 3.0)


class Tfn(FusionNet):
    """Tensor Fusion Network (Zadeh et al., EMNLP 2017).

    `score = bounded(w3 relu(W2 relu(W1 ([1;a] x [1;v] x [1;t]))))`: the outer product holds each modality alone, each
    pair and all three. An absent modality is zero, which leaves exactly the products of the others.
    """

    config: TfnConfig

    def __init__(self, dims: Mapping[str, int], config: TfnConfig) -> None:
        super().__init__(dims, config)
        self.subnets = Subnets(dims, config.hidden, config.text_out, config.dropouts)
        self.layer_1 = TensorFusion(*self.subnets.sizes, config.fusion_hidden, config.fusion_dropout)
        self.layer_2 = nn.Linear(config.fusion_hidden, config.fusion_hidden)
        self.layer_3 = nn.Linear(config.fusion_hidden, 1)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        return {"score": self.score(*self.subnets(text, audio, vision))}

    def score(self, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
        """[n] from the unimodal representations."""
        rows = torch.relu(self.layer_1(text, audio, vision))
        return self.bounded(self.layer_3(torch.relu(self.layer_2(rows))).squeeze(1))
