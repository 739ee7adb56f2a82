"""The network of role `expression` that this project trains: seven expressions from a small grey face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.heads.net_file import read_net, write_net

FORMAT = "emvas-expression-1"
LABELS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
INPUT_PX = 64
"""Side of the box's crop; the net sees the middle `NET_PX`."""
NET_PX = 48
_STEM_PX, _WIDTHS, _CELLS = 5, (32, 64, 128), 3
"""Side of the first kernel; channels at 24, 12 and 6 px; cells on a side of the map that the head reads."""


class _Block(nn.Module):
    """Two convolutions with a residual connection; a block with more channels than it gets halves the map."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        halves = before != after
        self.layers = nn.Sequential(
            nn.Conv2d(before, after, 3, 2 if halves else 1, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.past: nn.Module = nn.Identity()
        if halves:
            self.past = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, given: Tensor) -> Tensor:
        return functional.relu(self.past(given) + self.layers(given))


class ExpressionNet(nn.Module):
    """A narrow residual network, 28 million multiplications a face; exposure and contrast are normalized inside."""

    def __init__(self) -> None:
        super().__init__()
        first = _WIDTHS[0]
        self.layers = nn.Sequential(
            nn.Conv2d(1, first, _STEM_PX, 2, _STEM_PX // 2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            *(_Block(before, after) for before, after in zip((first, *_WIDTHS[:-1]), _WIDTHS, strict=True)),
            nn.AvgPool2d(2),
        )
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(_CELLS * _CELLS * _WIDTHS[-1], len(LABELS))

    def read(self, grey: Tensor) -> Tensor:
        """`grey` [n, 1, 48, 48] of any scale -> logits [n, 7]."""
        centred = grey - grey.mean(dim=(2, 3), keepdim=True)
        even = centred / torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-4)
        return self.head(self.drop(self.layers(even).flatten(1)))

    def forward(self, image: Tensor) -> Tensor:
        """`image` [n, 64, 64, 1], grey -1..1 -> `probabilities` [n, 7] in the order of `LABELS`."""
        edge = (INPUT_PX - NET_PX) // 2
        grey = (image[:, edge:-edge, edge:-edge, 0].unsqueeze(1) + 1) / 2
        return torch.softmax(self.read(grey), dim=1)


def write_expression_net(net: ExpressionNet, about: Mapping[str, Any], path: Path) -> None:
    """Store the weights and their description."""
    write_net(net, FORMAT, about, path)


def read_expression_net(path: Path) -> tuple[ExpressionNet, dict[str, Any]]:
    """The net in evaluation mode, and its description; raises NetFileError if `path` holds none."""
    net = ExpressionNet()
    return net, read_net(net, FORMAT, path, "training.heads.expression")
