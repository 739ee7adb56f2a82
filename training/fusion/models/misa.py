"""MISA: a shared and a private representation of each modality."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES
from training.fusion.layers.recurrent import Lstm
from training.fusion.layers.stream import Stream
from training.fusion.models.base import FusionConfig, FusionNet


class MisaConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS, with the central moment discrepancy as similarity."""

    hidden: int = Field(128, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    difference_weight: float = Field(0.3, ge=0)
    similarity_weight: float = Field(1.0, ge=0)
    reconstruction_weight: float = Field(0.8, ge=0)


class BothWays(nn.Module):
    """A bi-directional LSTM over true lengths, as two: the second reads the real frames backwards."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.forwards = Lstm(size, hidden)
        self.backwards = Lstm(size, hidden)

    def forward(self, stream: Stream) -> tuple[Tensor, Tensor]:
        """States [n, L, 2 hidden] in the order of the frames, and the final ones [n, 2 hidden]."""
        ahead = self.forwards(stream.values)
        back = self.backwards(_reversed(stream.values, stream.length))
        final = torch.cat([stream.last(ahead), stream.last(back)], dim=1)
        return torch.cat([ahead, _reversed(back, stream.length)], dim=2), final


def _reversed(values: Tensor, length: Tensor) -> Tensor:
    """The first `length` rows in reverse order; the others have no meaning."""
    steps = torch.arange(values.shape[1], device=values.device)
    source = (length.unsqueeze(1) - 1 - steps).clamp(min=0)
    return values.gather(1, source.unsqueeze(2).expand(-1, -1, values.shape[2]))


class UtteranceEncoder(nn.Module):
    """Two bi-directional LSTMs with a normalization between; the final states of both. [n, L, D] -> [n, 4 D]."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.first = BothWays(size, size)
        self.norm = nn.LayerNorm(2 * size)
        self.second = BothWays(2 * size, size)

    def forward(self, stream: Stream) -> Tensor:
        """Zero where the modality is absent."""
        states, first = self.first(stream)
        _, second = self.second(stream._replace(values=self.norm(states)))
        return torch.cat([first, second], dim=1)


class Misa(FusionNet):
    """MISA (Hazarika et al., Modality-Invariant and -Specific Representations, ACM Multimedia 2020).

    Each modality, as one vector, is split into a private part by an encoder of its own and a shared part by a common
    one. The six parts attend to each other in one transformer layer and give one score. `losses.MisaObjective` keeps
    private and shared parts different and the shared ones similar; their sum reconstructs the vector.
    """

    config: MisaConfig

    def __init__(self, dims: Mapping[str, int], config: MisaConfig) -> None:
        super().__init__(dims, config)
        size = config.hidden
        self.utterance = nn.ModuleDict({name: UtteranceEncoder(self.dims[name]) for name in ("audio", "vision")})
        inputs = {"text": self.dims["text"], "audio": 4 * self.dims["audio"], "vision": 4 * self.dims["vision"]}
        self.project = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(inputs[name], size), nn.ReLU(), nn.LayerNorm(size)) for name in MODALITIES}
        )
        self.private = nn.ModuleDict({name: nn.Sequential(nn.Linear(size, size), nn.Sigmoid()) for name in MODALITIES})
        self.shared = nn.Sequential(nn.Linear(size, size), nn.Sigmoid())
        self.rebuild = nn.ModuleDict({name: nn.Linear(size, size) for name in MODALITIES})
        self.mix = nn.TransformerEncoderLayer(size, nhead=2, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(6 * size, 3 * size), nn.Dropout(config.dropout), nn.ReLU(), nn.Linear(3 * size, 1)
        )

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]; in training also `original`, `rebuilt`, `private`, `shared`, each [n, 3, hidden]."""
        rows = {
            "text": text.mean(),
            "audio": self.utterance["audio"](audio),
            "vision": self.utterance["vision"](vision),
        }
        present = torch.stack([text.present, audio.present, vision.present], dim=1)
        original = torch.stack([self.project[name](part) for name, part in rows.items()], dim=1)
        private = torch.stack([self.private[name](original[:, i]) for i, name in enumerate(MODALITIES)], dim=1)
        private, shared = private * present, self.shared(original) * present
        mixed = self.mix(torch.cat([private, shared], dim=1))
        output = {"score": self.bounded(self.head(mixed.flatten(1)).squeeze(1))}
        if self.training:
            whole = private + shared
            rebuilt = torch.stack([self.rebuild[name](whole[:, i]) for i, name in enumerate(MODALITIES)], dim=1)
            output |= {"original": original, "rebuilt": rebuilt, "private": private, "shared": shared}
        return output
