"""Silero VAD for 16 kHz as a torch module with free batch, filled with the package's own weights.

Architecture and strides are those of the package's ONNX file: a learned short-time spectrum, four convolutions, an LSTM
cell whose state is carried from window to window.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

WINDOW = 576
"""Samples in one input of the net: 512 new ones after the last 64 of the previous window."""
STATE = 128
"""Width of the LSTM cell."""
_PAD = 64
_BINS = 129


class SileroVad(nn.Module):
    """`audio` (n, 576) in -1..1 and `state` (2, n, 128), zeros at first, to `probability` (n, 1) and the next state."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 2 * _BINS, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(_BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm_cell = nn.LSTMCell(128, STATE)
        self.final_conv = nn.Conv1d(STATE, 1, 1)

    def forward(self, audio: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One window of each of n streams."""
        padded = nn.functional.pad(audio.unsqueeze(1), (0, _PAD), mode="reflect")
        real, imaginary = self.stft_conv(padded).split(_BINS, dim=1)
        features = torch.sqrt(real.square() + imaginary.square())
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            features = convolution(features).relu()
        hidden, cell = self.lstm_cell(features.squeeze(-1), (state[0], state[1]))
        probability = self.final_conv(hidden.relu().unsqueeze(-1)).sigmoid().squeeze(-1)
        return probability, torch.stack([hidden, cell])


_NAMES = {
    "stft_conv.weight": "stft.forward_basis_buffer",
    "conv1": "encoder.0.reparam_conv",
    "conv2": "encoder.1.reparam_conv",
    "conv3": "encoder.2.reparam_conv",
    "conv4": "encoder.3.reparam_conv",
    "lstm_cell": "decoder.rnn",
    "final_conv": "decoder.decoder.2",
}
"""Our names of the weights and those of the package's 16 kHz net."""


def load_silero(path: Path) -> SileroVad:
    """Fill the module from the package's TorchScript file; every tensor must fit.

    The package's safetensors file holds other, older weights (6.2.3: its probabilities differ by up to 0.39).
    """
    theirs = torch.jit.load(path, map_location="cpu").state_dict()
    module = SileroVad()
    module.load_state_dict({name: theirs[f"_model.{_their_name(name)}"] for name in module.state_dict()}, strict=True)
    return module.eval()


def _their_name(name: str) -> str:
    layer, _, tensor = name.partition(".")
    return _NAMES.get(name) or f"{_NAMES[layer]}.{tensor}"
