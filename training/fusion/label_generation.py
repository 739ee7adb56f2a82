"""Generates labels of single modalities from the labels of all modalities together (Self-MM)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES

_TINY = 1e-8  # against division by zero, as in the authors' code


class LabelGeneration(nn.Module):
    """Self-MM's unimodal label generation (Yu et al., AAAI 2021, section 3.3; details as in MMSA).

    For the fused task and each modality it remembers the latest representation F* of every training sample and the
    centres C+ and C- of those whose current label is positive or negative. With d+ and d- the distances to them,

        D = (d- - d+) / d+
        y_s' = 0.5 (D_s / D_m) y_m + 0.5 (y_m + D_s - D_m), cut to plus and minus `bound`
        y_s <- (n-1)/(n+1) y_s + 2/(n+1) y_s', from epoch n = 2 on.

    Where |D_m| is below `least_distance` the quotient says nothing and the label stays. Labels that are given stay too.
    The state is all in buffers, so a resumed training goes on with the labels that it had.
    """

    single: Tensor
    given: Tensor
    label: Tensor
    seen: Tensor

    def __init__(self, bound: float, exclude_zero: bool, least_distance: float) -> None:
        super().__init__()
        self.bound, self.exclude_zero, self.least_distance = bound, exclude_zero, least_distance
        self.register_buffer("label", torch.empty(0))
        self.register_buffer("single", torch.empty(0, 3))
        self.register_buffer("given", torch.empty(0, 3, dtype=torch.bool))
        self.register_buffer("seen", torch.empty(0, 4, dtype=torch.bool))
        for name in ("fused", *MODALITIES):
            self.register_buffer(f"{name}_memory", torch.empty(0, 0))

    def begin(self, label: Tensor, single: Tensor, sizes: tuple[int, int, int, int]) -> None:
        """Labels [N] and [N, 3] (NaN: to be generated, at first the fused one), sizes of the four F*."""
        device = self.label.device
        self.label = label.to(device).clone()
        self.given = ~single.isnan().to(device)
        self.single = torch.where(self.given, single.to(device), self.label.unsqueeze(1))
        self.seen = torch.zeros(len(label), 4, dtype=torch.bool, device=device)
        for name, size in zip(("fused", *MODALITIES), sizes, strict=True):
            setattr(self, f"{name}_memory", torch.zeros(len(label), size, device=device))

    @torch.no_grad()
    def update(self, index: Tensor, representations: dict[str, Tensor], presence: Tensor, epoch: int) -> None:
        """One batch: new labels by the centres of before it, then its representations are remembered.

        Args:
            index: [n] rows of the training set.
            representations: F* [n, size] of `fused`, `text`, `audio`, `vision`.
            presence: [n, 3]; an absent modality changes neither its label nor its centre.
            epoch: counted from 1.
        """
        if epoch > 1:
            self._relabel(index, representations, presence > 0, epoch)
        shown = torch.cat([torch.ones_like(presence[:, :1]), presence], dim=1) > 0
        for column, name in enumerate(("fused", *MODALITIES)):
            rows = index[shown[:, column]]
            getattr(self, f"{name}_memory")[rows] = representations[name][shown[:, column]].float()
            self.seen[rows, column] = True

    def _relabel(self, index: Tensor, representations: dict[str, Tensor], shown: Tensor, epoch: int) -> None:
        label, fused = self.label[index], self._decision("fused", representations["fused"])
        decided = fused.isfinite() & (fused.abs() >= self.least_distance)
        for column, name in enumerate(MODALITIES):
            single = self._decision(name, representations[name])
            fresh = 0.5 * single / (fused + _TINY) * label + 0.5 * (label + single - fused)
            mixed = (epoch - 1) / (epoch + 1) * self.single[index, column]
            mixed = mixed + 2 / (epoch + 1) * fresh.clamp(-self.bound, self.bound)
            change = decided & single.isfinite() & shown[:, column] & ~self.given[index, column]
            self.single[index[change], column] = mixed[change]

    def _decision(self, name: str, representation: Tensor) -> Tensor:
        """[n]: D, positive where a sample is nearer to the positive centre; NaN while a centre has no sample."""
        column = ("fused", *MODALITIES).index(name)
        labels = self.label if name == "fused" else self.single[:, column - 1]
        memory, seen = getattr(self, f"{name}_memory"), self.seen[:, column]
        positive = labels > 0 if self.exclude_zero else labels >= 0
        to_positive, to_negative = (
            torch.linalg.vector_norm(representation.float() - memory[side & seen].mean(dim=0), dim=1)
            for side in (positive, labels < 0)
        )
        return (to_negative - to_positive) / (to_positive + _TINY)
