"""A synthetic trimodal set with known optimum: the value of each modality, and the best possible error.

Each sample has three independent hidden scores, uniform in -1..1, and the label is their weighted sum. A modality's
frames hold its score along one direction of its columns, under noise. Whoever does not see a modality can do no better
than to take its score for 0, which costs its weight times the score's size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.features.dataset import SPLITS, Features
from training.fusion.layers.heads import MODALITIES

WEIGHTS = {"text": 0.4, "audio": 0.3, "vision": 0.3}
"""What each hidden score adds to the label; they sum to 1, so that labels lie in -1..1."""
DIMS = {"text": 8, "audio": 5, "vision": 6}
_FRAMES = {"text": (4, 8), "audio": (8, 16), "vision": (5, 10)}
"""Least and most frames of a sample."""
_NOISE = 0.5
"""Standard deviation of each column of each frame."""
_SIGNAL = 2.0
"""Length of the vector that a score of 1 adds to each frame."""


def trimodal(rows: tuple[int, int, int] = (600, 200, 200), seed: int = 0) -> Features:
    """Features with `rows` samples of train, valid and test; the directions are the same for every seed."""
    total = sum(rows)
    rng = np.random.default_rng(seed)
    hidden = {name: rng.uniform(-1, 1, total).astype(np.float32) for name in MODALITIES}
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for column, name in enumerate(MODALITIES):
        direction = np.random.default_rng(column).normal(size=DIMS[name])
        direction *= _SIGNAL / np.linalg.norm(direction)
        least, most = _FRAMES[name]
        length = rng.integers(least, most + 1, total)
        values = hidden[name][:, None, None] * direction + rng.normal(0, _NOISE, (total, most, DIMS[name]))
        values *= (np.arange(most) < length[:, None])[:, :, None]
        arrays |= {name: values.astype(np.float32), f"{name}_length": length}
    label = sum(WEIGHTS[name] * hidden[name] for name in MODALITIES)
    return Features(
        **arrays,  # type: ignore[arg-type]
        presence=np.ones((total, len(MODALITIES)), np.float32),
        label=np.asarray(label, np.float32),
        label_T=hidden["text"],
        label_A=hidden["audio"],
        label_V=hidden["vision"],
        id=np.array([f"made$_${row}" for row in range(total)]),
        split=np.repeat(SPLITS, rows),
        raw_text=np.full(total, ""),
        meta={"origin": "synthetic", "features": {"columns": "synthetic", "seed": seed}},
    )


def least_error(features: Features, shown: Sequence[str]) -> float:
    """The mean absolute error on a set of `trimodal` of whoever knows the hidden scores of the modalities `shown`."""
    hidden = {"text": features.label_T, "audio": features.label_A, "vision": features.label_V}
    guess = np.sum([WEIGHTS[name] * hidden[name] for name in shown], axis=0)
    return float(np.abs(features.label - guess).mean())
