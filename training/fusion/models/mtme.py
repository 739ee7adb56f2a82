"""MTME: the published system's multi-task model, after its figure and text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor

from training.fusion.layers.heads import Shares
from training.fusion.models.self_mm import SelfMm, SelfMmConfig


class MtmeConfig(SelfMmConfig):
    """Defaults: Self-MM's for CH-SIMS; task weights those of MLF-DNN, which CH-SIMS's own labels are trained with."""

    pooling: Literal["first", "mean"] = "mean"
    standardized: bool = True
    score_bound: float = Field(1.0, gt=0, description="scores lie within plus and minus this: 1 for SIMS, 3 for MOSI")
    shared_trunk: bool = Field(False, description="one first layer for the three single tasks, as the figure draws it")
    fused_weight: float = Field(0.6, ge=0)
    single_weights: Shares = Field((0.2, 0.8, 0.8), description="of single tasks whose true label is given")
    least_distance: float = Field(
        0.05, ge=0, description="no label is generated where the fused representation is this undecided (|D_m|)"
    )

    @model_validator(mode="after")
    def _one_trunk(self) -> MtmeConfig:
        if self.shared_trunk and len(set(self.single_hidden)) > 1:
            raise ValueError("shared_trunk needs three equal sizes in single_hidden")
        if self.output_range is not None:
            raise ValueError("mtme's scores are bounded by score_bound, not by output_range")
        return self


class Mtme(SelfMm):
    """The figure of the published system is Self-MM; this model also uses what Self-MM leaves out.

    Audio and vision through a uni-directional LSTM over true lengths, text direct; a fused task and three single tasks;
    `score = score_bound tanh(x)`. True labels of the modalities are used where the data has them and generated ones
    where not, and modalities may be missing.
    """

    config: MtmeConfig

    def __init__(self, dims: Mapping[str, int], config: MtmeConfig) -> None:
        super().__init__(dims, config)
        if config.shared_trunk:
            for head in self.single.values():
                head.layer_1 = self.single["text"].layer_1

    def _lstm_out(self) -> tuple[int, int]:
        if self.config.shared_trunk:
            return self.dims["text"], self.dims["text"]
        return self.config.lstm_out

    def bounded(self, score: Tensor) -> Tensor:
        """[n]: inside plus and minus `score_bound`."""
        return self.config.score_bound * torch.tanh(score)
