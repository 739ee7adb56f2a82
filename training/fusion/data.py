"""Features as tensors: splits, and batches in an order that depends on a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.features.dataset import SPLITS, Features
from training.features.mmsa import read_mmsa
from training.fusion.layers.heads import MODALITIES
from training.fusion.losses import Targets


def read_features(path: Path, splits: Sequence[str] = SPLITS) -> Features:
    """A feature file (`.npz`) or a pickle of MMSA (`.pkl`); rows of other splits are dropped at once.

    Without `splits` all rows are kept, of any split.

    Raises:
        FeaturesError: the file cannot be used, or a wanted split has no rows.
    """
    features = read_mmsa(path) if path.suffix in (".pkl", ".pickle") else Features.load(path)
    for split in splits:
        features.of(split, str(path))
    if not splits:
        return features
    return features.select([row for row, split in enumerate(features.split) if split in splits])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Samples of one split as tensors on the CPU; the arrays are shared, not copied."""

    values: tuple[Tensor, ...]
    """Text, audio and vision, each [N, L, D]."""
    lengths: tuple[Tensor, ...]
    """Each [N] int64."""
    presence: Tensor
    """[N, 3]."""
    label: Tensor
    """[N]."""
    single: Tensor
    """[N, 3]: labels of text, audio and vision alone, NaN for a missing one."""

    @classmethod
    def of(cls, features: Features) -> Rows:
        """All rows of `features`."""
        return cls(
            tuple(torch.from_numpy(getattr(features, name)) for name in MODALITIES),
            tuple(torch.from_numpy(getattr(features, f"{name}_length")) for name in MODALITIES),
            torch.from_numpy(features.presence),
            torch.from_numpy(features.label),
            torch.stack([torch.from_numpy(getattr(features, f"label_{key}")) for key in "TAV"], dim=1),
        )

    def __len__(self) -> int:
        return len(self.label)

    def inputs(self, rows: Tensor, device: torch.device) -> list[Tensor]:
        """The arguments of a model for some rows, padded no further than the longest of them."""
        lengths = [part[rows] for part in self.lengths]
        values = [part[rows, : max(1, int(length.max()))] for part, length in zip(self.values, lengths, strict=True)]
        return [part.to(device) for part in (*values, *lengths, self.presence[rows])]

    def targets(self, rows: Tensor, device: torch.device) -> Targets:
        """The targets of those rows."""
        return Targets(self.label[rows].to(device), self.single[rows].to(device), rows.to(device))


def batches(rows: int, size: int, seed: int, epoch: int, rank: int = 0, world: int = 1) -> list[Tensor]:
    """The row numbers [n] of each batch of one epoch, for process `rank` of `world`.

    They depend only on the arguments, so a run that continues inside an epoch gets the same batches. A last batch too
    small to normalize over joins the one before; rows are repeated until every process has as many.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    parts = list(torch.randperm(rows, generator=generator).split(size))
    if len(parts) > 1 and len(parts[-1]) < 2 * world:
        parts[-2:] = [torch.cat(parts[-2:])]
    return [torch.cat([part, part[: -len(part) % world]])[rank::world] for part in parts]
