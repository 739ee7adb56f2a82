"""LF-DNN: late fusion by concatenation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor

from training.fusion.layers.heads import ScoreHead, Shares, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.layers.subnets import Subnets
from training.fusion.models.base import FusionConfig, FusionNet


class LfDnnConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS."""

    hidden: Sizes = (128, 32, 128)
    text_out: int = Field(256, gt=0)
    fusion_hidden: int = Field(32, gt=0)
    dropouts: Shares = (0.3, 0.3, 0.3)
    fusion_dropout: float = Field(0.5, ge=0, lt=1)


class LfDnn(FusionNet):
    """Late fusion (Cambria et al., Benchmarking Multimodal Sentiment Analysis, 2017; the form of MMSA).

    `score = head([a; v; t])` of the unimodal representations of TFN's subnetworks.
    """

    config: LfDnnConfig

    def __init__(self, dims: Mapping[str, int], config: LfDnnConfig) -> None:
        super().__init__(dims, config)
        self.subnets = Subnets(dims, config.hidden, config.text_out, config.dropouts)
        self.head = ScoreHead(sum(self.subnets.sizes), config.fusion_hidden, config.fusion_dropout)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        return {"score": self.score(*self.subnets(text, audio, vision))}

    def score(self, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
        """[n] from the unimodal representations."""
        return self.bounded(self.head(torch.cat([audio, vision, text], dim=1)))
