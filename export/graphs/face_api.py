"""The expression net of face-api.js: four dense blocks of separable convolutions, as in its TypeScript source."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.messages import Float32

LABELS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""The classes in the order of the outputs (FACE_EXPRESSION_LABELS)."""
INPUT_PX = 126
"""Side of the input; the net sees the middle `_NET_PX`: 0.77 of the mesh's crop. Accuracy on 3,161 faces of FER+ and on
2,462 faces labelled by students: 0.730 and 0.677; at 0.87 of the crop 0.725 and 0.671, at 0.68 of it 0.704 and
0.642."""
_NET_PX = 112
_MEAN = (122.782, 117.001, 104.298)
_BLOCKS, _POOL = 4, 7


class FaceApiExpression(nn.Module):
    """`image` [n, 126, 126, 1], grey -1..1 -> `probabilities` [n, 7] in the order of `LABELS`."""

    mean: Tensor
    bias: Tensor

    def __init__(self, weights: Mapping[str, Float32], neutral_logit: float) -> None:
        """`weights` by the names of the file; `neutral_logit` is added to the logit of a neutral face."""
        super().__init__()
        for name, values in weights.items():
            self.register_buffer(_key(name), torch.from_numpy(_for_torch(name, values)))
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1) / 255)
        self.register_buffer("bias", torch.tensor([neutral_logit if label == "neutral" else 0.0 for label in LABELS]))

    def forward(self, image: Tensor) -> Tensor:
        """Run the net."""
        edge = (INPUT_PX - _NET_PX) // 2
        grey = image[:, edge:-edge, edge:-edge, 0].unsqueeze(1)
        features = (grey + 1) / 2 - self.mean
        for number in range(_BLOCKS):
            features = self._block(features, f"dense{number}")
        logits = self._get("fc/weights").T @ functional.avg_pool2d(features, _POOL).flatten(1).T
        return torch.softmax(logits.T + self._get("fc/bias") + self.bias, dim=1)

    def _block(self, given: Tensor, name: str) -> Tensor:
        """Each convolution reads the sum of all before it."""
        total = functional.relu(self._first(given, f"{name}/conv0"))
        for number in range(1, 4):
            total = total + self._separable(functional.relu(total), f"{name}/conv{number}", 1)
        return functional.relu(total)

    def _first(self, given: Tensor, name: str) -> Tensor:
        if not name.startswith("dense0"):
            return self._separable(given, name, 2)
        return functional.conv2d(_padded(given, 2), self._get(f"{name}/filters"), self._get(f"{name}/bias"), 2)

    def _separable(self, given: Tensor, name: str, stride: int) -> Tensor:
        kernel = self._get(f"{name}/depthwise_filter")
        each = functional.conv2d(_padded(given, stride), kernel, stride=stride, groups=kernel.shape[0])
        return functional.conv2d(each, self._get(f"{name}/pointwise_filter"), self._get(f"{name}/bias"))

    def _get(self, name: str) -> Tensor:
        return self.get_buffer(_key(name))


def _padded(given: Tensor, stride: int) -> Tensor:
    """TensorFlow's `same` for a kernel of 3 on an even side: with stride 2 the extra row is the last."""
    return functional.pad(given, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1))


def _key(name: str) -> str:
    return name.replace("/", "_")


def _for_torch(name: str, values: Float32) -> Float32:
    """From TensorFlow's (height, width, in, out) to torch's (out, in, height, width), depthwise (in, 1, ...)."""
    if values.ndim < 4:
        return values
    order = (2, 3, 0, 1) if name.endswith("depthwise_filter") else (3, 2, 0, 1)
    return values.transpose(order).copy()
