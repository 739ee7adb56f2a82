"""LMF: tensor fusion of low rank."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor

from training.fusion.layers.heads import Shares, Sizes
from training.fusion.layers.low_rank import LowRankFusion
from training.fusion.layers.stream import Stream
from training.fusion.layers.subnets import Subnets
from training.fusion.models.base import FusionConfig, FusionNet


class LmfConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS. The text representation has half of its LSTM's size."""

    hidden: Sizes = (64, 16, 64)
    rank: int = Field(4, gt=0)
    dropouts: Shares = (0.2, 0.2, 0.2)


class Lmf(FusionNet):
    """Low-rank Multimodal Fusion (Liu et al., ACL 2018): TFN's subnetworks, `LowRankFusion` on top."""

    config: LmfConfig

    def __init__(self, dims: Mapping[str, int], config: LmfConfig) -> None:
        super().__init__(dims, config)
        self.subnets = Subnets(dims, config.hidden, config.hidden[0] // 2, config.dropouts)
        self.fusion = LowRankFusion(self.subnets.sizes, config.rank)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        return {"score": self.score(*self.subnets(text, audio, vision))}

    def score(self, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
        """[n] from the unimodal representations."""
        return self.bounded(self.fusion(text, audio, vision))
