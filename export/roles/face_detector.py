"""Face detector: MediaPipe's short-range BlazeFace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.detector import INPUT_PX
from export.portrait import FACE, views
from export.role import Archives, RoleBuild
from export.roles.mediapipe import CALIBRATION, HELD_OUT, ONE_FACE, TRAINING_DATA, build_net
from export.variants import Measure

_ANCHORS = 896
_FRAME = replace(FACE, side_px=2.2 * FACE.side_px)
"""The face as a detector meets it: less than half of the picture."""


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Convert the detector."""
    pictures = _pictures(CALIBRATION, seed=1), _pictures(HELD_OUT, seed=2)
    outputs = {"boxes": (_ANCHORS, 16), "scores": (_ANCHORS, 1)}
    measures = [Measure("score_shift", 0.03, _score_shift), Measure("box_shift_px", 1.0, _box_shift)]
    choice, golden = build_net(archives.file(**options["weights"]), work, outputs, 1, pictures, measures)
    return RoleBuild(
        description="Finds faces up to about two metres away: boxes and six key points for each of 896 anchors",
        sources=[archives.source(**options["weights"])],
        training_data=TRAINING_DATA,
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings={
            "image": "RGB, -1..1, letterboxed to 128 x 128",
            "boxes": "px of 128, relative to the anchor: centre x, y, width, height, then x, y of right eye, left eye, "
            "nose, mouth, right ear, left ear",
            "scores": "logit that a face is at the anchor",
        },
        not_checked=[ONE_FACE],
    )


def _pictures(count: int, seed: int) -> list[Float32]:
    return [unit_rgb([view]) * 2 - 1 for view in views(_FRAME, INPUT_PX, count, seed)]


def _score_shift(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> float:
    """Of the best anchor's probability."""
    best = int(expected["scores"].argmax())
    return float(abs(_sigmoid(expected["scores"].flat[best]) - _sigmoid(actual["scores"].flat[best])))


def _box_shift(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> float:
    """Of the best anchor's box and key points, the worst number."""
    best = int(expected["scores"].argmax())
    return float(np.abs(expected["boxes"][0, best] - actual["boxes"][0, best]).max())


def _sigmoid(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -80.0, 80.0))))
