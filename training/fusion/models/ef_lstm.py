"""EF-LSTM: early fusion, one LSTM over all modalities side by side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from training.fusion.layers.align import Alignment, align
from training.fusion.layers.recurrent import Lstm
from training.fusion.layers.stream import Stream
from training.fusion.models.base import FusionConfig, FusionNet


class EfLstmConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS, whose text has 39 steps."""

    steps: int = Field(39, gt=0, description="steps that every modality is brought to")
    alignment: Alignment = "spread"
    hidden: int = Field(32, gt=0)
    layers: int = Field(3, gt=0)
    dropout: float = Field(0.5, ge=0, lt=1)


class EfLstm(FusionNet):
    """Early fusion (Williams et al., Recognizing Emotions in Video Using Multimodal DNN Feature Fusion, 2018).

    Modalities on one clock, concatenated, each step normalized over batch and features, a stacked LSTM, two layers.
    """

    config: EfLstmConfig

    def __init__(self, dims: Mapping[str, int], config: EfLstmConfig) -> None:
        super().__init__(dims, config)
        self.norm = nn.BatchNorm1d(config.steps)
        self.lstm = Lstm(sum(self.dims.values()), config.hidden, config.layers, config.dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.linear = nn.Linear(config.hidden, config.hidden)
        self.out = nn.Linear(config.hidden, 1)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        steps = [align(part, self.config.steps, self.config.alignment) for part in (text, audio, vision)]
        states = self.lstm(self.norm(torch.cat(steps, dim=2)))
        rows = torch.relu(self.linear(self.dropout(states[:, -1])))
        return {"score": self.bounded(self.out(self.dropout(rows)).squeeze(1))}
