"""The losses (training objectives) of fusion models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.fusion.label_generation import LabelGeneration
from training.fusion.layers.heads import MODALITIES, Shares, Sizes
from training.processes import Place

Output = Mapping[str, Tensor]
"""The output of a model."""


class Targets(NamedTuple):
    """The targets of a batch."""

    label: Tensor
    """[n]: the fused label."""
    single: Tensor
    """[n, 3]: the label of text, audio and vision alone, NaN for a missing one."""
    index: Tensor
    """[n] int64: the rows of the training set, whose labels `Objective.begin` received."""


def whole_batch(place: Place, output: Output, targets: Targets) -> tuple[dict[str, Tensor], Targets]:
    """Output and targets of the batch of all processes, so that every process learns the same from them."""
    here = {name: value.detach().float() for name, value in output.items()}
    if place.world == 1:
        return here, targets
    rows = len(targets.label)
    whole = {name: place.joined(value) for name, value in here.items() if value.dim() and len(value) == rows}
    return whole, Targets(*(place.joined(value) for value in targets))


class Objective(nn.Module):
    """A loss, and for some models learnt state besides the weights, which is in `state_dict`.

    The trainer calls `begin` once before the first epoch, then for each batch `loss`, and after the optimizer's step
    `after_batch`.
    """

    def begin(self, label: Tensor, single: Tensor) -> None:
        """The training set's labels: `label` [N], `single` [N, 3] with NaN for a missing one."""

    def loss(self, output: Output, targets: Targets) -> Tensor:
        """A scalar; by default the mean absolute error of `score`, as in MMSA."""
        return (output["score"] - targets.label).abs().mean()

    def after_batch(self, output: Output, targets: Targets, epoch: int) -> None:
        """Update the learnt state besides the weights; `epoch` counts from 1."""


class MultiTask(Objective):
    """`w_M |y - y_M| + sum over s of w_s |y_s - label_s|`, each a mean over the samples that have the label.

    MMSA's loss of mtfn, mlmf and mlf_dnn. A sample without a label of a modality, or with the modality dropped, does
    not count.
    """

    def __init__(self, fused: float, single: Shares) -> None:
        super().__init__()
        self.fused, self.single = fused, single

    def loss(self, output: Output, targets: Targets) -> Tensor:
        """A scalar."""
        total = self.fused * super().loss(output, targets)
        for column, (name, weight) in enumerate(zip(MODALITIES, self.single, strict=True)):
            counts = ~targets.single[:, column].isnan() & (output["presence"][:, column] > 0)
            errors = (output[f"{name}_score"] - targets.single[:, column].nan_to_num()).abs() * counts
            total = total + weight * errors.sum() / counts.sum().clamp(min=1)
        return total


class GeneratedLabels(Objective):
    """`w_M |y - y_M| + sum over s of mean(w_s |y_s - label_s|)` with labels of `LabelGeneration` where none is given.

    A generated label weighs `tanh(|label_s - y_M|)`, so only where the modality disagrees with the whole; a given one
    weighs `single[s]`. With `single` of None all are generated, which is Self-MM; with weights it is mtme.
    """

    def __init__(
        self, labels: LabelGeneration, fused_hidden: int, single_hidden: Sizes, fused: float, single: Shares | None
    ) -> None:
        super().__init__()
        self.labels = labels
        self.sizes = (fused_hidden, *single_hidden)
        self.fused, self.single = fused, single

    def begin(self, label: Tensor, single: Tensor) -> None:
        """Remember the labels that are given."""
        given = torch.full_like(single, torch.nan) if self.single is None else single
        self.labels.begin(label, given, self.sizes)

    def loss(self, output: Output, targets: Targets) -> Tensor:
        """A scalar."""
        total = self.fused * super().loss(output, targets)
        wanted, given = self.labels.single[targets.index], self.labels.given[targets.index]
        weights = torch.tanh((wanted - targets.label.unsqueeze(1)).abs())
        if self.single is not None:
            weights = torch.where(given, weights.new_tensor(self.single), weights)
        scores = torch.stack([output[f"{name}_score"] for name in MODALITIES], dim=1)
        errors = weights * (scores - wanted).abs() * output["presence"]
        return total + (errors.sum(dim=0) / output["presence"].sum(dim=0).clamp(min=1)).sum()

    def after_batch(self, output: Output, targets: Targets, epoch: int) -> None:
        """New labels for the batch."""
        names = ("fused", *MODALITIES)
        representations = {name: output[f"{name}_representation"].detach() for name in names}
        self.labels.update(targets.index, representations, output["presence"], epoch)


class MisaObjective(Objective):
    """`|y - y_M| + w_d difference + w_s similarity + w_r reconstruction`, as in MMSA.

    A pair of modalities counts over the samples that have both; a pair that fewer than two samples have, not at all.
    """

    def __init__(self, difference: float, similarity: float, reconstruction: float) -> None:
        super().__init__()
        self.difference, self.similarity, self.reconstruction = difference, similarity, reconstruction

    def loss(self, output: Output, targets: Targets) -> Tensor:
        """A scalar."""
        shown = output["presence"] > 0
        private, shared = output["private"], output["shared"]
        apart, alike = [], []
        for one in range(3):
            alone = shown[:, one]
            apart.append(overlap(private[alone, one], shared[alone, one]))
            for other in range(one + 1, 3):
                both = alone & shown[:, other]
                apart.append(overlap(private[both, one], private[both, other]))
                alike.append(moment_distance(shared[both, one], shared[both, other]))
        errors = (output["rebuilt"] - output["original"]).square().mean(dim=2)[shown]
        rebuilt = errors.mean() if len(errors) else errors.sum()
        extra = self.difference * sum(apart) + self.similarity * sum(alike) / 3 + self.reconstruction * rebuilt
        return super().loss(output, targets) + extra


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """The mean squared product of the features of two sets of rows [n, k], each centred and of length 1."""
    if len(one) < 2:
        return one.sum() * 0
    one, other = (rows - rows.mean(dim=0) for rows in (one, other))
    one, other = (rows / (rows.norm(dim=1, keepdim=True).detach() + 1e-6) for rows in (one, other))
    return (one.T @ other).square().mean()


def moment_distance(one: Tensor, other: Tensor, moments: int = 5) -> Tensor:
    """Central moment discrepancy (Zellinger et al., ICLR 2017) of two sets of rows [n, k]; 5 moments as in MISA."""
    if len(one) < 2:
        return one.sum() * 0
    total = _distance(one.mean(dim=0), other.mean(dim=0))
    one, other = one - one.mean(dim=0), other - other.mean(dim=0)
    for order in range(2, moments + 1):
        total = total + _distance(one.pow(order).mean(dim=0), other.pow(order).mean(dim=0))
    return total


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return ((one - other).square().sum() + 1e-12).sqrt()  # the square root has no gradient at zero
