"""Role `face_detector`: MediaPipe's short-range BlazeFace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.detector import INPUT_PX
from export.export_job import EvaluationTask
from export.role_build import Archives, RoleBuild
from export.roles.mediapipe import CALIBRATION, HELD_OUT, ONE_FACE, TRAINING_DATA, build_net
from export.sample_faces import FACE, SOURCE, views, without_faces
from export.tasks import face_detector

_ANCHORS = 896
_FRAME = replace(FACE, side_px=2.2 * FACE.side_px)
"""The face as a detector sees it: less than half of the image."""
_FRAME_PX = 256
_DATA = f"{HELD_OUT} held-out views of {SOURCE}, and four of its photographs without a face"


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Convert the detector."""
    pictures = _pictures(CALIBRATION, seed=1), _pictures(HELD_OUT, seed=2)
    outputs = {"boxes": (_ANCHORS, 16), "scores": (_ANCHORS, 1)}
    frames = [*views(_FRAME, _FRAME_PX, HELD_OUT, seed=9), *without_faces()]

    def task(fp32: Path) -> EvaluationTask:
        return face_detector.task(fp32, frames, _DATA, options["tolerance"])

    weights = archives.file(**options["weights"])
    choice, golden = build_net(weights, work, outputs, 1, pictures, task, options, progress)
    return RoleBuild(
        description="Finds faces up to about two metres away: boxes and six key points for each of 896 anchors",
        sources=[archives.source(**options["weights"])],
        training_data=TRAINING_DATA,
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings={
            "image": "RGB, -1..1, channels first, letterboxed to 128 x 128",
            "boxes": "px of 128, relative to the anchor: centre x, y, width, height, then x, y of right eye, left eye, "
            "nose, mouth, right ear, left ear",
            "scores": "logit that a face is at the anchor",
        },
        not_checked=[ONE_FACE],
    )


def _pictures(count: int, seed: int) -> list[Float32]:
    return [unit_rgb([view]) * 2 - 1 for view in views(_FRAME, INPUT_PX, count, seed)]
