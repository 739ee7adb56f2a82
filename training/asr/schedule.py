"""Noam's schedule: a linear warm-up, then falling with the square root of the batches (Vaswani et al. 2017, 5.3)."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def noam(batch: int, warmup_batches: int) -> float:
    """The share of the highest learning rate for the batch of this number, counted from 1."""
    return min(batch / warmup_batches, (warmup_batches / batch) ** 0.5)


def noam_schedule(optimizer: Optimizer, warmup_batches: int) -> LambdaLR:
    """The schedule of an optimizer whose learning rate is the highest."""
    return LambdaLR(optimizer, lambda done: noam(done + 1, warmup_batches))
