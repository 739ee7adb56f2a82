"""The unimodal subnetworks of TFN, shared by seven models.

Zadeh et al., Tensor Fusion Network for Multimodal Sentiment Analysis, EMNLP 2017, section 4.1. Names of the parameters
are those of MMSA's `SubNet` and `TextSubNet`, so that its checkpoints map one to one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.fusion.layers.recurrent import Lstm
from training.fusion.layers.stream import Stream


class PresentNorm(nn.BatchNorm1d):
    """Batch normalization whose statistics in training come from the rows where the modality is present."""

    def forward(self, rows: Tensor, present: Tensor) -> Tensor:  # type: ignore[override]
        """`rows` [n, D], `present` [n, 1]; in evaluation an ordinary batch normalization."""
        if not self.training:
            return super().forward(rows)
        count = present.sum()
        mean = (rows * present).sum(dim=0) / count.clamp(min=1)
        variance = ((rows - mean).square() * present).sum(dim=0) / count.clamp(min=1)
        self._remember(mean.detach(), variance.detach(), count)
        return (rows - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias

    def _remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        share = self.momentum * (count > 1)  # one row has no variance
        unbiased = variance * count / (count - 1).clamp(min=1)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(unbiased, share)
        self.num_batches_tracked += 1


class MeanSubnet(nn.Module):
    """Audio or vision: the time mean, normalized, through three rectified layers. [n, L, D] -> [n, hidden]."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = PresentNorm(size)
        self.drop = nn.Dropout(dropout)
        self.linear_1 = nn.Linear(size, hidden)
        self.linear_2 = nn.Linear(hidden, hidden)
        self.linear_3 = nn.Linear(hidden, hidden)

    def forward(self, stream: Stream) -> Tensor:
        """Zero where the modality is absent."""
        rows = self.drop(self.norm(stream.mean(), stream.present))
        rows = torch.relu(self.linear_1(rows))
        rows = torch.relu(self.linear_2(rows))
        return torch.relu(self.linear_3(rows)) * stream.present


class LstmSubnet(nn.Module):
    """An LSTM's state at the true end, dropped out and projected. [n, L, D] -> [n, out].

    One direction only, so the state at the last real frame never sees the padding.
    """

    def __init__(self, size: int, hidden: int, out: int, dropout: float) -> None:
        super().__init__()
        self.rnn = Lstm(size, hidden)
        self.dropout = nn.Dropout(dropout)
        self.linear_1 = nn.Linear(hidden, out)

    def forward(self, stream: Stream) -> Tensor:
        """Zero where the modality is absent."""
        state = stream.last(self.rnn(stream.values))
        return self.linear_1(self.dropout(state)) * stream.present


class Subnets(nn.Module):
    """The three together: text by LSTM, audio and vision by their means.

    `hidden` and `dropouts` are in the order text, audio, vision; the sizes that come out are
    `text_out, hidden[1], hidden[2]`.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        hidden: tuple[int, int, int],
        text_out: int,
        dropouts: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.text = LstmSubnet(dims["text"], hidden[0], text_out, dropouts[0])
        self.audio = MeanSubnet(dims["audio"], hidden[1], dropouts[1])
        self.vision = MeanSubnet(dims["vision"], hidden[2], dropouts[2])
        self.sizes = (text_out, hidden[1], hidden[2])

    def forward(self, text: Stream, audio: Stream, vision: Stream) -> tuple[Tensor, Tensor, Tensor]:
        """[n, text_out], [n, hidden audio], [n, hidden vision]."""
        return self.text(text), self.audio(audio), self.vision(vision)
