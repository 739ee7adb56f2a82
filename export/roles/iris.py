"""Role `iris`: MediaPipe's eyelids and iris of one eye."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.messages import Float32
from edge.vision.crop import Image, unit_rgb
from edge.vision.iris import INPUT_PX
from export.export_job import EvaluationTask
from export.role_build import Archives, RoleBuild
from export.roles.mediapipe import CALIBRATION, HELD_OUT, ONE_FACE, TRAINING_DATA, build_net
from export.sample_faces import LEFT_EYE, RIGHT_EYE, SOURCE, squeezed, views
from export.tasks import iris

_CONTOUR, _IRIS = 71, 5
_DATA = f"{HELD_OUT} held-out views of the eyes of {SOURCE}, half of them pressed flat as if the lids came down"


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Convert the iris model, with free batch."""
    pictures = _pictures(CALIBRATION, seed=5), _pictures(HELD_OUT, seed=6)
    outputs = {"contour": (3 * _CONTOUR,), "iris": (3 * _IRIS,)}
    held_out = _eyes(HELD_OUT, seed=11)

    def task(fp32: Path) -> EvaluationTask:
        return iris.task(fp32, held_out, _DATA, options["tolerance"])

    weights = archives.file(**options["weights"])
    choice, golden = build_net(weights, work, outputs, "n", pictures, task, options, progress)
    return RoleBuild(
        description="Contour of the eyelids and the brow, and the iris, of one eye in close-up",
        sources=[archives.source(**options["weights"])],
        training_data=TRAINING_DATA,
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings={
            "image": "RGB, 0..1, channels first: a square 2.3 times as wide as the eye, corners level, left mirrored",
            "contour": "71 times x, y, z in px of 64; the first 16 are the lids, the rest the brow's region",
            "iris": "5 times x, y, z in px of 64: the centre, then the ends of two diameters",
        },
        not_checked=[ONE_FACE, "closed eyes: the build has only open eyes, some of them flattened"],
    )


def _pictures(count: int, seed: int) -> list[Float32]:
    return [unit_rgb([view]) for view in _eyes(count, seed)]


def _eyes(count: int, seed: int) -> list[Image]:
    """Views of both eyes in turn, every other pair squeezed vertically, as if closing."""
    sides = [views(eye, INPUT_PX, count // 2, seed) for eye in (RIGHT_EYE, LEFT_EYE)]
    eyes = [view for pair in zip(*sides, strict=True) for view in pair]
    flat = squeezed(eyes, seed)
    return [flat[place] if place % 4 > 1 else eye for place, eye in enumerate(eyes)]
