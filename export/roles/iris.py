"""Iris model: MediaPipe's lids and iris of one eye."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.iris import INPUT_PX
from export.portrait import LEFT_EYE, RIGHT_EYE, views
from export.role import Archives, RoleBuild
from export.roles.mediapipe import CALIBRATION, HELD_OUT, ONE_FACE, TRAINING_DATA, build_net, point_shift
from export.variants import Measure

_CONTOUR, _LIDS, _IRIS = 71, 16, 5


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Convert the iris model, with free batch."""
    pictures = _pictures(CALIBRATION, seed=5), _pictures(HELD_OUT, seed=6)
    outputs = {"contour": (3 * _CONTOUR,), "iris": (3 * _IRIS,)}
    measures = [
        Measure("lid_shift_px", 0.5, point_shift("contour", _LIDS)),
        Measure("iris_shift_px", 0.5, point_shift("iris", _IRIS)),
    ]
    choice, golden = build_net(archives.file(**options["weights"]), work, outputs, "n", pictures, measures)
    return RoleBuild(
        description="The contour of the lids and the brow, and the iris, of one eye seen close up",
        sources=[archives.source(**options["weights"])],
        training_data=TRAINING_DATA,
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings={
            "image": "RGB, 0..1, a square crop 2.3 times the eye's width, corners level, the left eye mirrored",
            "contour": "71 times x, y, z in px of 64; the first 16 are the lids, the rest the brow's region",
            "iris": "5 times x, y, z in px of 64: the centre, then the ends of two diameters",
        },
        not_checked=[ONE_FACE, "closed and half-closed eyes: not in the pictures that the build uses"],
    )


def _pictures(count: int, seed: int) -> list[Float32]:
    half = count // 2
    return [unit_rgb([view]) for eye in (RIGHT_EYE, LEFT_EYE) for view in views(eye, INPUT_PX, half, seed)]
