"""A sample of one modality: the box's features, its input to the late-fusion mean, its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge.affect.fusion import ModalityScore
from edge.messages import Float32, Utterance

Split = Literal["train", "valid", "test"]
SHARES: dict[Split, float] = {"train": 0.7, "valid": 0.1, "test": 0.2}

UNSEEN = Utterance(0.0, 1.0, np.zeros(0, np.float32))
"""An utterance of which words or voice are given; without pictures its length does not matter."""
SIGNED = 0.7
"""Size of a score of which only the sign is known, as in `training.heads.sentiment`."""
NEUTRAL_BELOW = 0.1
"""Scores smaller than this have no sign: the edge of the neutral class of CH-SIMS."""


@dataclass(frozen=True, slots=True, eq=False)
class SingleModalitySample:
    """A sentence, a voice or a face."""

    name: str
    split: Split
    label: float
    """-1..1."""
    rows: Float32
    """(rows, columns), as in `edge.affect.feature_schema`."""
    evidence: ModalityScore
    """What its stage says, for the late-fusion mean."""
    text: str = ""

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        return sign_of(self.label)


def sign_of(score: float) -> int:
    """-1, 0 or 1."""
    return 0 if abs(score) < NEUTRAL_BELOW else int(np.sign(score))


def splits(count: int, rng: np.random.Generator) -> list[Split]:
    """A split for each of `count` things, in the proportions of `SHARES`, in random order."""
    bounds = np.cumsum([round(share * count) for share in list(SHARES.values())[:-1]])
    parts: Sequence[Split] = tuple(SHARES)
    places = np.searchsorted(bounds, np.arange(count), side="right")
    return [parts[place] for place in rng.permutation(places)]
