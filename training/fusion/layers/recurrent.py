"""An LSTM that is exported as ONNX's LSTM operator."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Lstm(nn.LSTM):
    """A uni-directional batch-first LSTM that returns only its states. [n, L, D] -> [n, L, hidden].

    When traced it writes ONNX's operator directly. With torch's exporter (2.13), an LSTM over a free length becomes a
    loop, or is unrolled to the traced length when the process has exported another LSTM before.
    """

    def __init__(self, size: int, hidden: int, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__(size, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)

    def forward(self, values: Tensor) -> Tensor:  # type: ignore[override]
        """The last layer's state after each frame."""
        if not torch.compiler.is_exporting():
            return super().forward(values)[0]
        states = values.transpose(0, 1)
        for layer in range(self.num_layers):
            states = self._operator(states, layer)
        return states.transpose(0, 1)

    def _operator(self, values: Tensor, layer: int) -> Tensor:
        """[L, n, D] -> [L, n, hidden] by ONNX's LSTM, whose gates have the order i, o, f, g, not i, f, g, o."""
        weights = [getattr(self, f"{kind}_l{layer}") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        w, r, bias_ih, bias_hh = (_gates(weight) for weight in weights)
        states = torch.onnx.ops.symbolic(
            "LSTM",
            [values, w.unsqueeze(0), r.unsqueeze(0), torch.cat([bias_ih, bias_hh]).unsqueeze(0)],
            {"hidden_size": self.hidden_size},
            dtype=values.dtype,
            shape=(values.shape[0], 1, values.shape[1], self.hidden_size),
        )
        return states.squeeze(1)


def _gates(weight: Tensor) -> Tensor:
    size = weight.shape[0] // 4
    return torch.cat([weight[:size], weight[3 * size :], weight[size : 3 * size]])
