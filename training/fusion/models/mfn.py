"""MFN: one LSTM per modality, and a memory of how their cells change together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from training.fusion.layers.align import Alignment, align
from training.fusion.layers.heads import Sizes
from training.fusion.layers.stream import Stream
from training.fusion.models.base import FusionConfig, FusionNet


class MfnConfig(FusionConfig):
    """Defaults: MMSA's for CH-SIMS, whose text has 39 steps."""

    steps: int = Field(39, gt=0, description="steps that every modality is brought to; the graph is unrolled over them")
    alignment: Alignment = Field("spread", description="of audio and vision; text is spread")
    hidden: Sizes = (64, 16, 64)
    memory: int = Field(64, gt=0)
    attention_hidden: int = Field(128, gt=0)
    attention_dropout: float = Field(0.2, ge=0, lt=1)
    proposal_hidden: int = Field(128, gt=0)
    proposal_dropout: float = Field(0.0, ge=0, lt=1)
    retain_hidden: int = Field(64, gt=0)
    retain_dropout: float = Field(0.2, ge=0, lt=1)
    update_hidden: int = Field(64, gt=0)
    update_dropout: float = Field(0.7, ge=0, lt=1)
    out_hidden: int = Field(64, gt=0)
    out_dropout: float = Field(0.7, ge=0, lt=1)


class TwoLayers(nn.Module):
    """`fc2(dropout(relu(fc1(x))))`, the form of each of MFN's small networks."""

    def __init__(self, size: int, hidden: int, out: int, dropout: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(size, hidden)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden, out)

    def forward(self, rows: Tensor) -> Tensor:
        """[n, size] -> [n, out]."""
        return self.fc2(self.dropout(torch.relu(self.fc1(rows))))


class Mfn(FusionNet):
    """Memory Fusion Network (Zadeh et al., AAAI 2018).

    With `c_i` the cells of the three LSTMs at step i, side by side:

        a = softmax(attention([c_{i-1}; c_i])) * [c_{i-1}; c_i]
        u <- sigmoid(retain([a; u])) u + sigmoid(update([a; u])) tanh(proposal(a))

    and the score comes from the last states and the last memory `u`.
    """

    config: MfnConfig

    def __init__(self, dims: Mapping[str, int], config: MfnConfig) -> None:
        super().__init__(dims, config)
        cells, memory = sum(config.hidden), config.memory
        self.cells = nn.ModuleDict(
            {
                name: nn.LSTMCell(size, hidden)
                for (name, size), hidden in zip(self.dims.items(), config.hidden, strict=True)
            }
        )
        self.attention = TwoLayers(2 * cells, config.attention_hidden, 2 * cells, config.attention_dropout)
        self.proposal = TwoLayers(2 * cells, config.proposal_hidden, memory, config.proposal_dropout)
        self.retain = TwoLayers(2 * cells + memory, config.retain_hidden, memory, config.retain_dropout)
        self.update = TwoLayers(2 * cells + memory, config.update_hidden, memory, config.update_dropout)
        self.out = TwoLayers(cells + memory, config.out_hidden, 1, config.out_dropout)

    def fuse(self, text: Stream, audio: Stream, vision: Stream) -> dict[str, Tensor]:
        """`score` [n]."""
        how = ("spread", self.config.alignment, self.config.alignment)
        parts = zip(self.cells.values(), (text, audio, vision), how, strict=True)
        traces = [self._trace(*part) for part in parts]
        steps = [torch.cat(cells, dim=1) for cells in zip(*[cells for _, cells in traces], strict=True)]
        memory = steps[0].new_zeros(steps[0].shape[0], self.config.memory)
        for before, now in zip([torch.zeros_like(steps[0]), *steps[:-1]], steps, strict=True):
            memory = self._remember(memory, torch.cat([before, now], dim=1))
        rows = torch.cat([*[state for state, _ in traces], memory], dim=1)
        return {"score": self.bounded(self.out(rows).squeeze(1))}

    def _trace(self, cell: nn.LSTMCell, stream: Stream, how: Alignment) -> tuple[Tensor, list[Tensor]]:
        """The last state [n, hidden] of one modality's LSTM and its cells after each step; zero where absent."""
        frames = align(stream, self.config.steps, how)
        state = memory = frames.new_zeros(frames.shape[0], cell.hidden_size)
        cells = []
        for step in range(self.config.steps):
            state, memory = cell(frames[:, step], (state, memory))
            cells.append(memory * stream.present)
        return state * stream.present, cells

    def _remember(self, memory: Tensor, cells: Tensor) -> Tensor:
        attended = torch.softmax(self.attention(cells), dim=1) * cells
        both = torch.cat([attended, memory], dim=1)
        retain, update = torch.sigmoid(self.retain(both)), torch.sigmoid(self.update(both))
        return retain * memory + update * torch.tanh(self.proposal(attended))
