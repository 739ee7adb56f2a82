"""The net of role `eye_state`: how far an eye is open, from the same crop that the iris model sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.heads.net_file import read_net, write_net

FORMAT = "emvas-eye-state-1"
_GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue."""
_CLIP = 2.5
"""Deviations from the mean at which a glare spot is clipped."""
_WIDTHS, _STRIDES = (1, 12, 24, 24, 48, 48), (2, 2, 1, 2, 1)
_CELLS = 64
"""Side of the last layer's map."""


class EyeNet(nn.Module):
    """Five small convolutions on the crop; the net converts it to grey and normalizes exposure and contrast."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in zip(_WIDTHS[:-1], _WIDTHS[1:], _STRIDES, strict=True):
            convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            layers.append(nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU()))
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(_CELLS * _WIDTHS[-1], 1)

    def read(self, grey: Tensor) -> Tensor:
        """`grey` [n, 1, 64, 64], 0..1 -> logits [n, 1]."""
        even = _standard(torch.clamp(_standard(grey), -_CLIP, _CLIP))
        return self.head(self.drop(self.layers(even).flatten(1)))

    def forward(self, image: Tensor) -> Tensor:
        """`image` [n, 3, 64, 64], RGB 0..1 -> `open` [n, 1], 0 shut to 1 open."""
        red, green, blue = (image[:, channel] * share for channel, share in enumerate(_GREY))
        return torch.sigmoid(self.read((red + green + blue).unsqueeze(1)))


def _standard(grey: Tensor) -> Tensor:
    centred = grey - grey.mean(dim=(2, 3), keepdim=True)
    return centred / torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-6)


def write_eye_net(net: EyeNet, about: Mapping[str, Any], path: Path) -> None:
    """Store the weights and their description."""
    write_net(net, FORMAT, about, path)


def read_eye_net(path: Path) -> tuple[EyeNet, dict[str, Any]]:
    """The net in evaluation mode, and its description; raises NetFileError if `path` holds none."""
    net = EyeNet()
    return net, read_net(net, FORMAT, path, "training.heads.eye_state")
