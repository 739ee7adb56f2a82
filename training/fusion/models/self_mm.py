"""Self-MM: learns a score of each modality without labels for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES, ScoreHead, Shares, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.layers.subnets import LstmSubnet
from training.fusion.models.base import FusionConfig, FusionNet


class SelfMmConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS."""

    pooling: Literal["first", "mean"] = Field("first", description="text: the first frame ([CLS]) or the mean of all")
    lstm_hidden: tuple[int, int] = Field((16, 64), description="audio, vision")
    lstm_out: tuple[int, int] = Field((16, 32), description="audio, vision")
    lstm_dropouts: tuple[float, float] = (0.0, 0.0)
    fusion_hidden: int = Field(128, gt=0)
    fusion_dropout: float = Field(0.0, ge=0, lt=1)
    single_hidden: Sizes = (64, 16, 32)
    single_dropouts: Shares = (0.1, 0.1, 0.0)
    label_bound: float = Field(1.0, gt=0, description="generated labels stay within plus and minus this (H)")
    exclude_zero: bool = Field(True, description="labels of 0 belong to neither the positive nor the negative centre")


class SelfMm(FusionNet):
    """Self-MM (Yu et al., Learning Modality-Specific Representations with Self-Supervised Multi-Task Learning, 2021).

    Text is the output of a text encoder, unchanged; audio and vision go through one LSTM each. One head scores the
    three together, three heads score one each. `LabelGeneration` makes the labels of the latter.
    """

    config: SelfMmConfig

    def __init__(self, dims: Mapping[str, int], config: SelfMmConfig) -> None:
        super().__init__(dims, config)
        out = self._lstm_out()
        self.audio = LstmSubnet(self.dims["audio"], config.lstm_hidden[0], out[0], config.lstm_dropouts[0])
        self.vision = LstmSubnet(self.dims["vision"], config.lstm_hidden[1], out[1], config.lstm_dropouts[1])
        sizes = (self.dims["text"], *out)
        self.fused = ScoreHead(sum(sizes), config.fusion_hidden, config.fusion_dropout)
        self.single = nn.ModuleDict(
            {
                name: ScoreHead(*shape)
                for name, *shape in zip(MODALITIES, sizes, config.single_hidden, config.single_dropouts, strict=True)
            }
        )

    def _lstm_out(self) -> tuple[int, int]:
        return self.config.lstm_out

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score`, `text_score`, `audio_score`, `vision_score` [n]; in training also the four `*_representation`."""
        pooled = text.mean() if self.config.pooling == "mean" else text.values[:, 0]
        rows = {"text": pooled, "audio": self.audio(audio), "vision": self.vision(vision)}
        represented = {"fused": self.fused.represent(torch.cat(list(rows.values()), dim=1))}
        represented |= {name: head.represent(rows[name]) for name, head in self.single.items()}
        output = {"score": self.bounded(self.fused.judge(represented["fused"]))}
        output |= {f"{name}_score": self.bounded(head.judge(represented[name])) for name, head in self.single.items()}
        if self.training:
            output |= {f"{name}_representation": part for name, part in represented.items()}
        return output
