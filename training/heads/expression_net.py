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
_WIDTHS = (24, 40, 80, 128)
_CELLS = 9
"""Side of the last layer's map."""


class _Block(nn.Module):
    """Two convolutions with a residual connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, given: Tensor) -> Tensor:
        return functional.relu(given + self.layers(given))


class ExpressionNet(nn.Module):
    """Four halvings of the image with a block between each two; exposure and contrast are normalized inside."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((1, *_WIDTHS[:-1]), _WIDTHS, strict=True):
            kernel = 5 if before == 1 else 3
            layers += [nn.Conv2d(before, after, kernel, 2, kernel // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            layers += [_Block(after)] if after != _WIDTHS[-1] else []
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(_CELLS * _WIDTHS[-1], len(LABELS))

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
