"""The base of every fusion model: its inputs, their cleaning, its configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES, Sizes
from training.fusion.layers.scale import Scale
from training.fusion.layers.stream import ModalityDropout, Stream, stream


class FusionConfig(BaseModel):
    """Hyperparameters of a model; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modality_dropout: float = Field(0.0, ge=0, lt=1, description="probability of losing a modality in training")
    output_range: tuple[float, float] | None = Field(None, description="bounds of the score; none: unbounded")
    padded_to: Sizes | None = Field(
        None, description="frames that every sample is padded to and judged with, as MMSA does; none: true lengths"
    )
    standardized: bool = Field(
        False, description="each column is brought to mean 0 and spread 1 of the training split; MMSA takes it as it is"
    )


class FusionNet(nn.Module):
    """Cleans the inputs once, for all models; a model implements `fuse` on clean streams."""

    def __init__(self, dims: Mapping[str, int], config: FusionConfig) -> None:
        super().__init__()
        self.dims = {name: dims[name] for name in MODALITIES}
        self.config = config
        self.modality_dropout = ModalityDropout(config.modality_dropout)
        self.scales = nn.ModuleDict(
            {name: Scale(size) for name, size in self.dims.items()} if config.standardized else {}
        )

    def forward(
        self,
        text: Tensor,
        audio: Tensor,
        vision: Tensor,
        text_length: Tensor,
        audio_length: Tensor,
        vision_length: Tensor,
        presence: Tensor,
    ) -> dict[str, Tensor]:
        """Scores of a batch.

        Args:
            text: [n, Lt, Dt]; values after `text_length` are ignored.
            audio: [n, La, Da], likewise.
            vision: [n, Lv, Dv], likewise.
            text_length: [n] int64.
            audio_length: [n] int64.
            vision_length: [n] int64.
            presence: [n, 3] of 0 and 1 in the order text, audio, vision; an absent modality is ignored.

        Returns:
            `score` [n], from a multi-task model also `text_score`, `audio_score`, `vision_score` [n]. In training also
            `presence` [n, 3], which modalities the model was shown, and what the model's objective reads.
        """
        presence = self.modality_dropout(presence)
        sizes = self.config.padded_to or (None, None, None)
        streams = [
            stream(values, length, presence[:, column], size)
            for column, (values, length, size) in enumerate(
                zip(self._scaled(text, audio, vision), (text_length, audio_length, vision_length), sizes, strict=True)
            )
        ]
        output = self.fuse(*streams)
        if self.training:
            output["presence"] = torch.cat([part.present for part in streams], dim=1)
        return output

    def measure(self, values: Sequence[Tensor], lengths: Sequence[Tensor], presence: Tensor) -> None:
        """Measure the columns' scale on the training split, if the model is to be `standardized`.

        Args:
            values: [N, L, D] of text, audio and vision.
            lengths: [N] of each.
            presence: [N, 3].
        """
        for column, name in enumerate(MODALITIES if self.config.standardized else ()):
            self.scales[name].measure(values[column], lengths[column], presence[:, column])

    def _scaled(self, *values: Tensor) -> Sequence[Tensor]:
        if not self.config.standardized:
            return values
        return [self.scales[name](part) for name, part in zip(MODALITIES, values, strict=True)]

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """The model itself, on clean streams."""
        raise NotImplementedError

    def bounded(self, score: Tensor) -> Tensor:
        """[n]: the score inside the configured range, by a logistic function."""
        if self.config.output_range is None:
            return score
        low, high = self.config.output_range
        return low + (high - low) * torch.sigmoid(score)

    def hyperparameters(self) -> dict[str, Any]:
        """The configuration as plain lists and numbers, as a checkpoint holds it."""
        return self.config.model_dump(mode="json")
