"""MulT: every modality attends to the two others."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from training.fusion.layers.attention import Crossmodal
from training.fusion.layers.heads import MODALITIES, Shares, Sizes
from training.fusion.layers.stream import Stream
from training.fusion.models.base import FusionConfig, FusionNet

LEAST_MEMORY_LAYERS = 3
"""Depth of the self-attention that follows the crossmodal stacks, as in the authors' code."""


class MultConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS."""

    size: int = Field(50, gt=0, description="common size of the modalities")
    heads: int = Field(10, gt=0)
    layers: int = Field(2, gt=0)
    kernels: Sizes = (5, 1, 1)
    causal: bool = True
    text_dropout: float = Field(0.3, ge=0, lt=1)
    attention_dropouts: Shares = (0.2, 0.1, 0.0)
    hidden_dropout: float = Field(0.0, ge=0, lt=1)
    embed_dropout: float = Field(0.1, ge=0, lt=1)
    residual_dropout: float = Field(0.2, ge=0, lt=1)
    out_dropout: float = Field(0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_divide(self) -> MultConfig:
        if self.size % self.heads:
            raise ValueError(f"size {self.size} is not a multiple of heads {self.heads}")
        return self


class Projection(nn.Module):
    """A convolution over time without bias or padding: [n, L, D] -> [n, L, size] of which length - kernel + 1 count.

    A stream that has the size already passes untouched, as in the authors' code.
    """

    def __init__(self, size: int, out: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv1d(size, out, kernel, bias=False) if size != out else None

    def forward(self, stream: Stream) -> Stream:
        """A stream shorter than the kernel counts as one frame."""
        if self.conv is None:
            return stream
        padded = nn.functional.pad(stream.values.transpose(1, 2), (0, self.kernel - 1))
        values = self.conv(padded).transpose(1, 2)
        length = (stream.length - self.kernel + 1).clamp(min=1) * (stream.length > 0)
        steps = torch.arange(values.shape[1], device=values.device)
        return Stream(values, length, steps.unsqueeze(0) < length.unsqueeze(1), stream.present)


class Mult(FusionNet):
    """Multimodal Transformer (Tsai et al., ACL 2019).

    Each modality, projected to one size, attends to both others through crossmodal stacks; both results, concatenated,
    go through self-attention; the last real frames of all three, with a residual block, give the score.
    """

    config: MultConfig

    def __init__(self, dims: Mapping[str, int], config: MultConfig) -> None:
        super().__init__(dims, config)
        kernels = zip(self.dims.items(), config.kernels, strict=True)
        self.project = nn.ModuleDict({name: Projection(dim, config.size, kernel) for (name, dim), kernel in kernels})
        dropouts = dict(zip(MODALITIES, config.attention_dropouts, strict=True))
        self.cross = nn.ModuleDict(
            {
                f"{name}_{other}": self._stack(config.size, config.layers, dropouts[other])
                for name in MODALITIES
                for other in MODALITIES
                if other != name
            }
        )
        depth = max(config.layers, LEAST_MEMORY_LAYERS)
        memory_dropout = dropouts["text"]  # of all three, as in MMSA's get_network
        self.memory = nn.ModuleDict({name: self._stack(2 * config.size, depth, memory_dropout) for name in MODALITIES})
        self.text_dropout = nn.Dropout(config.text_dropout)
        self.dropout = nn.Dropout(config.out_dropout)
        self.proj1 = nn.Linear(6 * config.size, 6 * config.size)
        self.proj2 = nn.Linear(6 * config.size, 6 * config.size)
        self.out_layer = nn.Linear(6 * config.size, 1)

    def _stack(self, size: int, layers: int, dropout: float) -> Crossmodal:
        c = self.config
        return Crossmodal(
            size, c.heads, layers, dropout, c.hidden_dropout, c.residual_dropout, c.embed_dropout, c.causal
        )

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        text = text._replace(values=self.text_dropout(text.values))
        streams = {name: self.project[name](part) for name, part in zip(MODALITIES, (text, audio, vision), strict=True)}
        rows = torch.cat([self._view(name, streams) for name in MODALITIES], dim=1)
        hidden = self.proj2(self.dropout(torch.relu(self.proj1(rows))))
        return {"score": self.bounded(self.out_layer(hidden + rows).squeeze(1))}

    def _view(self, name: str, streams: Mapping[str, Stream]) -> Tensor:
        """[n, 2 size]: a modality's attention to the others, at its last real frame."""
        stream = streams[name]
        seen = [self.cross[f"{name}_{other}"](stream, streams[other]).values for other in MODALITIES if other != name]
        remembered = self.memory[name](stream._replace(values=torch.cat(seen, dim=2)))
        return stream.last(remembered.values)
