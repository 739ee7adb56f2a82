"""Expression: how much probability goes to another label than with float32?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle.session import Session
from export.job import Feeds, Task


def task(fp32: Path, samples: Sequence[Feeds], data: str, tolerance: float) -> Task:
    """Mean share of probability that moved (half the sum of differences)."""
    wanted = _probabilities(Session(fp32), samples)

    def score(sessions: Mapping[str, Session]) -> float:
        moved = np.abs(_probabilities(sessions["model"], samples) - wanted).sum(axis=1) / 2
        return float(moved.mean())

    return Task("probability moved to other labels", "1", "lower", tolerance, score, len(samples), data)


def _probabilities(session: Session, samples: Sequence[Feeds]) -> npt.NDArray[np.float32]:
    return np.concatenate([session.run(sample)["probabilities"] for sample in samples])
