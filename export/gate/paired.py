"""The difference of two systems on the same utterances, with its interval: a paired bootstrap.

Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004: utterances
are drawn anew, with both systems' errors on them, so what is hard for both does not widen the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

_DRAWS = 2000
_COVERAGE = 0.95
LEAST_UTTERANCES = 200
"""Fewer give an interval of several points of error, in which anything may hide."""


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Wrong characters of one system in each utterance, and how many were said; as a number, the error rate."""

    edits: Sequence[int]
    lengths: Sequence[int]

    def __float__(self) -> float:
        return sum(self.edits) / sum(self.lengths)


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Error rate of the first system less that of the second."""

    estimate: float
    low: float
    high: float
    """Ends of the central 95 %: the true difference is above `high` in one case of forty."""

    def manifest(self) -> dict[str, float]:
        """The figures, in the digits that mean something."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def paired_difference(first: ErrorCounts, second: ErrorCounts) -> PairedDifference:
    """The difference of two systems on the same utterances.

    Raises:
        ValueError: the utterances differ, or nothing was said in them.
    """
    size = np.asarray(first.lengths, np.float64)
    if list(first.lengths) != list(second.lengths) or not size.sum():
        raise ValueError("two systems are compared on the same utterances, with words in them")
    more = np.subtract(first.edits, second.edits, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(len(size), size=(_DRAWS, len(size)))
    rates = more[drawn].sum(axis=1) / np.maximum(size[drawn].sum(axis=1), 1.0)
    low, high = np.quantile(rates, ((1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2))
    return PairedDifference(float(more.sum() / size.sum()), float(low), float(high))
