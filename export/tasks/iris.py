"""Task metric of role `iris`: the error of the openness against float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.bundle.session import Session
from edge.vision.crop import Crop, Image
from edge.vision.iris import INPUT_PX, EyeModel
from export.export_job import EvaluationTask
from export.tasks.variant_bundle import VariantBundle

_WHOLE = Crop(INPUT_PX / 2, INPUT_PX / 2, INPUT_PX)


def task(fp32: Path, pictures: Sequence[Image], data: str, tolerance: float) -> EvaluationTask:
    """Mean error of the lids' aperture over the eye's width: open eyes have about .3, shut ones under .1."""
    wanted = _gaps({"model": Session(fp32)}, pictures)

    def score(sessions: Mapping[str, Session]) -> float:
        return float(np.abs(_gaps(sessions, pictures) - wanted).mean())

    return EvaluationTask("eye openness error", "of the eye's width", "lower", tolerance, score, len(pictures), data)


def _gaps(sessions: Mapping[str, Session], pictures: Sequence[Image]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    eyes = EyeModel(VariantBundle(sessions)).read_crops(list(pictures), [_WHOLE] * len(pictures))
    return np.array([eye.lid_gap for eye in eyes])
