"""MLMF: LMF that also learns a score of each modality."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor

from training.fusion.layers.heads import Shares, SingleHeads, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.models.lmf import Lmf, LmfConfig


class MlmfConfig(LmfConfig):
    """Defaults: MMSA's for CH-SIMS."""

    hidden: Sizes = (256, 32, 256)
    rank: int = Field(3, gt=0)
    dropouts: Shares = (0.3, 0.3, 0.3)
    single_hidden: Sizes = (8, 4, 32)
    single_dropouts: Shares = (0.4, 0.4, 0.4)
    fused_weight: float = Field(0.2, ge=0, description="weight of the fused task in the loss")
    single_weights: Shares = (1.0, 0.4, 0.8)


class Mlmf(Lmf):
    """Multi-task LMF (Yu et al., CH-SIMS, ACL 2020)."""

    config: MlmfConfig

    def __init__(self, dims: Mapping[str, int], config: MlmfConfig) -> None:
        super().__init__(dims, config)
        self.single = SingleHeads(self.subnets.sizes, config.single_hidden, config.single_dropouts)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score`, `text_score`, `audio_score`, `vision_score`, each [n]."""
        rows = self.subnets(text, audio, vision)
        return {"score": self.score(*rows), **self.single(*rows)}
