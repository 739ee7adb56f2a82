"""Task metric of role `face_mesh`: the distance of the landmarks from those of float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.bundle.session import Session
from edge.vision.crop import Crop, Image
from edge.vision.mesh import INPUT_PX, FaceMesh, Mesh
from export.export_job import EvaluationTask
from export.tasks.variant_bundle import VariantBundle

_WHOLE = Crop(INPUT_PX / 2, INPUT_PX / 2, INPUT_PX)


def task(fp32: Path, pictures: Sequence[Image], data: str, tolerance_px: float) -> EvaluationTask:
    """Mean landmark error in px of the 192 px crop; a face that only one of them finds counts the whole crop."""
    wanted = _meshes({"model": Session(fp32)}, pictures)

    def score(sessions: Mapping[str, Session]) -> float:
        pairs = zip(wanted, _meshes(sessions, pictures), strict=True)
        return float(np.mean([_error_px(first, second) for first, second in pairs]))

    return EvaluationTask("landmark error", "px of 192", "lower", tolerance_px, score, len(pictures), data)


def _meshes(sessions: Mapping[str, Session], pictures: Sequence[Image]) -> list[Mesh]:
    mesh = FaceMesh(VariantBundle(sessions))
    return [mesh.locate(picture, [_WHOLE])[0] for picture in pictures]


def _error_px(wanted: Mesh, found: Mesh) -> float:
    if wanted.present != found.present:
        return float(INPUT_PX)
    return float(np.linalg.norm(wanted.points[:, :2] - found.points[:, :2], axis=1).mean())
