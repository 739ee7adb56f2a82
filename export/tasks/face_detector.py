"""Task metric of role `face_detector`: overlap of the boxes with those of float32, and false faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.bundle.session import Session
from edge.messages import Box
from edge.vision.crop import Image
from edge.vision.detector import FaceDetector, overlap_with
from export.export_job import EvaluationTask
from export.tasks.variant_bundle import VariantBundle


def task(fp32: Path, pictures: Sequence[Image], data: str, tolerance: float) -> EvaluationTask:
    """Mean overlap (intersection over union) of the best box with float32's; an additional or missing box counts 0."""
    wanted = _boxes({"model": Session(fp32)}, pictures)

    def score(sessions: Mapping[str, Session]) -> float:
        found = _boxes(sessions, pictures)
        return float(np.mean([_overlap(first, second) for first, second in zip(wanted, found, strict=True)]))

    return EvaluationTask(
        "overlap of face boxes with float32's", "IoU", "higher", tolerance, score, len(pictures), data
    )


def _boxes(sessions: Mapping[str, Session], pictures: Sequence[Image]) -> list[Box | None]:
    detector = FaceDetector(VariantBundle(sessions))
    return [next((found.box for found in detector.detect(picture)), None) for picture in pictures]


def _overlap(wanted: Box | None, found: Box | None) -> float:
    if wanted is None or found is None:
        return float(wanted is found)
    return float(overlap_with(np.array(wanted, np.float32), np.array([found], np.float32))[0])
