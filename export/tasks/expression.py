"""Task metric of role `expression`: the share of probability that moves to other labels than with float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.bundle.session import Session
from edge.vision.perception import EXPRESSION_SIDE
from export.export_job import EvaluationTask, Feeds
from export.sample_faces import FACE, SOURCE, many_faces, views

_FACE = replace(FACE, side_px=EXPRESSION_SIDE * FACE.side_px)
_VIEWS = 48
DATA = f"{_VIEWS} views of {SOURCE} and 50 other people of its sample of Labeled Faces in the Wild, not calibrated on"


def samples(px: int, side: int) -> list[Feeds]:
    """Views of one face, and every other one of many, beginning with the `side`-th: two sides share no image."""
    many = [cv2.resize(face, (px, px), interpolation=cv2.INTER_LINEAR) for face in many_faces()[side::2]]
    greys = [cv2.cvtColor(view, cv2.COLOR_BGR2GRAY) for view in views(_FACE, px, _VIEWS, seed=7 + side)]
    return [{"image": (grey.astype(np.float32) / 127.5 - 1)[None, ..., None]} for grey in [*greys, *many]]


def task(fp32: Path, samples: Sequence[Feeds], data: str, tolerance: float) -> EvaluationTask:
    """Mean share of probability that moved (half the sum of differences)."""
    wanted = _probabilities(Session(fp32), samples)

    def score(sessions: Mapping[str, Session]) -> float:
        moved = np.abs(_probabilities(sessions["model"], samples) - wanted).sum(axis=1) / 2
        return float(moved.mean())

    return EvaluationTask("probability moved to other labels", "1", "lower", tolerance, score, len(samples), data)


def _probabilities(session: Session, samples: Sequence[Feeds]) -> npt.NDArray[np.float32]:
    return np.concatenate([session.run(sample)["probabilities"] for sample in samples])
