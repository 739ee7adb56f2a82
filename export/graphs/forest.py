"""A random forest as a graph of ordinary operators, which every provider runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from export.role_build import BuildError


class Forest(nn.Module):
    """Complete binary trees of one depth: node i has the children 2i+1 (at most the threshold) and 2i+2."""

    def __init__(self, feature: npt.NDArray[Any], threshold: npt.NDArray[Any], leaf: npt.NDArray[Any]) -> None:
        """Arrays (trees, nodes), (trees, nodes) and (trees, leaves): feature index, threshold, share of the class."""
        super().__init__()
        self.depth = int(leaf.shape[1]).bit_length() - 1
        self.nodes, self.leaves = int(feature.shape[1]), int(leaf.shape[1])
        trees = feature.shape[0]
        self.register_buffer("feature", torch.from_numpy(feature.astype(np.int64)).reshape(-1))
        self.register_buffer("threshold", torch.from_numpy(threshold.astype(np.float32)).reshape(-1))
        self.register_buffer("leaf", torch.from_numpy(leaf.astype(np.float32)).reshape(-1))
        self.register_buffer("tree", torch.arange(trees))

    def forward(self, features: Tensor) -> Tensor:
        """`features` [n, F] -> `probabilities` [n, 2] of the other class and of the class."""
        place = torch.zeros_like(features[:, :1], dtype=torch.int64) + torch.zeros_like(self.tree)
        for _ in range(self.depth):
            node = place + self.tree * self.nodes
            value = torch.gather(features, 1, self.feature[node])
            place = 2 * place + 1 + (value > self.threshold[node]).to(torch.int64)
        share = self.leaf[place - self.nodes + self.tree * self.leaves].mean(dim=1, keepdim=True)
        return torch.cat([1.0 - share, share], dim=1)


def read_forest(path: Path) -> tuple[Forest, dict[str, npt.NDArray[Any]]]:
    """The module and all arrays of a checkpoint by `training.heads.drowsiness`; raises BuildError if it is not such a
    file.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        return Forest(arrays["feature"], arrays["threshold"], arrays["leaf"]), arrays
    except (OSError, ValueError, KeyError) as error:
        raise BuildError(f"{path} is no forest checkpoint: {error}; make it by training.heads.drowsiness") from error
