"""MTFN: TFN that also learns a score of each modality."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor

from training.fusion.layers.heads import Shares, SingleHeads, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.models.tfn import Tfn, TfnConfig


class MtfnConfig(TfnConfig):
    """Defaults: MMSA's for CH-SIMS."""

    hidden: Sizes = (256, 32, 256)
    text_out: int = Field(256, gt=0)
    fusion_hidden: int = Field(64, gt=0)
    dropouts: Shares = (0.2, 0.2, 0.2)
    fusion_dropout: float = Field(0.2, ge=0, lt=1)
    single_hidden: Sizes = (64, 4, 8)
    single_dropouts: Shares = (0.2, 0.2, 0.2)
    fused_weight: float = Field(0.6, ge=0, description="weight of the fused task in the loss")
    single_weights: Shares = (0.4, 0.0, 1.0)


class Mtfn(Tfn):
    """Multi-task TFN (Yu et al., CH-SIMS, ACL 2020)."""

    config: MtfnConfig

    def __init__(self, dims: Mapping[str, int], config: MtfnConfig) -> None:
        super().__init__(dims, config)
        self.single = SingleHeads(self.subnets.sizes, config.single_hidden, config.single_dropouts)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score`, `text_score`, `audio_score`, `vision_score`, each [n]."""
        rows = self.subnets(text, audio, vision)
        return {"score": self.score(*rows), **self.single(*rows)}
