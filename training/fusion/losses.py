"""What a fusion model is trained for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from training.fusion.layers.heads import MODALITIES
from training.fusion.models.base import Shares

Output = Mapping[str, Tensor]
"""What a model returned."""


class Targets(NamedTuple):
    """What a batch should have said."""

    label: Tensor
    """[n]: the fused label."""
    single: Tensor
    """[n, 3]: the label of text, audio and vision alone, NaN where there is none."""
    index: Tensor
    """[n] int64: the rows of the training set, of which `Objective.begin` was told all labels."""


class Objective(nn.Module):
    """A loss, and for some models something learnt beside it; all of its state is in `state_dict`.

    The trainer calls `begin` once before the first epoch, then for each batch `loss`, and after the optimizer's step
    `after_batch`.
    """

    def begin(self, label: Tensor, single: Tensor) -> None:
        """The training set's labels: `label` [N], `single` [N, 3] with NaN where there is none."""

    def loss(self, output: Output, targets: Targets) -> Tensor:
        """A scalar; by default the mean absolute error of `score`, as in MMSA."""
        return (output["score"] - targets.label).abs().mean()

    def after_batch(self, output: Output, targets: Targets, epoch: int) -> None:
        """Whatever is learnt from a batch besides weights; `epoch` counts from 1."""


class MultiTask(Objective):
    """`w_M |y - y_M| + sum over s of w_s |y_s - label_s|`, each a mean over the samples that have the label.

    MMSA's loss of mtfn, mlmf and mlf_dnn. A sample without a label of a modality, or shown without it, does not count.
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
