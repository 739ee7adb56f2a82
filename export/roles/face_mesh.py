"""Role `face_mesh`: MediaPipe's 468 landmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.mesh import INPUT_PX
from export.export_job import EvaluationTask
from export.role_build import Archives, RoleBuild
from export.roles.mediapipe import CALIBRATION, HELD_OUT, ONE_FACE, TRAINING_DATA, build_net
from export.sample_faces import FACE, SOURCE, views
from export.tasks import face_mesh

_POINTS = 468


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Convert the mesh, with free batch."""
    pictures = _pictures(CALIBRATION, seed=3), _pictures(HELD_OUT, seed=4)
    outputs = {"landmarks": (3 * _POINTS,), "presence": (1,)}
    held_out = views(FACE, INPUT_PX, HELD_OUT, seed=10)

    def task(fp32: Path) -> EvaluationTask:
        return face_mesh.task(fp32, held_out, f"{HELD_OUT} held-out views of {SOURCE}", options["tolerance"])

    weights = archives.file(**options["weights"])
    choice, golden = build_net(weights, work, outputs, "n", pictures, task, options, progress)
    return RoleBuild(
        description="468 points of a face in an upright crop, and whether there is a face",
        sources=[archives.source(**options["weights"])],
        training_data=TRAINING_DATA,
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings={
            "image": "RGB, 0..1, channels first, a square crop 1.5 times the face, eyes level",
            "landmarks": "468 times x, y, z in px of 192; z grows away from the camera",
            "presence": "logit that the crop holds a face",
        },
        not_checked=[ONE_FACE],
    )


def _pictures(count: int, seed: int) -> list[Float32]:
    return [unit_rgb([view]) for view in views(FACE, INPUT_PX, count, seed)]
