"""Expression: mini-XCEPTION of oarriaga, through Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from edge.bundle.session import Session
from export.gate import build_variants
from export.job import Feeds
from export.parity import check_parity
from export.portrait import FACE, SOURCE, many_faces, views
from export.role import Archives, RoleBuild
from export.sources.hdf5 import Predict, fold_normalization, keras, load_keras
from export.tasks import expression
from export.torch_onnx import export_module

_LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
_PX = 64
_FACE = replace(FACE, side_px=0.8 * FACE.side_px)
"""The face without the mesh's margin, as `edge.vision.expression` cuts it."""
_VIEWS, _PROBES = 48, 8
_DATA = f"{_VIEWS} held-out views of {SOURCE}, and 50 other people of its sample of Labeled Faces in the Wild"


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Load with Keras, fold the normalizations, export through torch, check against Keras."""
    model = load_keras(archives.file(**options["weights"]))
    fp32 = work / "model.fp32.onnx"
    shapes = ({0: torch.export.Dim("n")},)
    example = (torch.zeros(2, _PX, _PX, 1),)
    export_module(Predict(fold_normalization(model)), example, fp32, ["image"], ["probabilities"], shapes)
    calibration, held_out = _samples(0, seed=7), _samples(1, seed=8)

    def engine(feeds: Feeds) -> Mapping[str, Any]:
        return {"probabilities": model.predict(feeds["image"], verbose=0)}

    parity = check_parity(Session(fp32), engine, f"keras {keras.__version__} (torch)", held_out)
    choice = build_variants(
        {"model": fp32},
        {"model": "cnn"},
        {"model": calibration},
        expression.task(fp32, held_out, _DATA, options["tolerance"]),
        options["variants"],
        parity,
        work,
        progress,
        {"model": held_out[:_PROBES]},
        options["margins"],
    )
    return RoleBuild(
        description="Seven facial expressions; about 66 % right on FER2013 as published, so weak evidence",
        sources=[archives.source(**options["weights"])],
        training_data="FER2013 (Kaggle research data, web images)",
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": held_out[0]},
        tensor_meanings={
            "image": "grey, -1..1, an upright face without margin",
            "probabilities": "one a label, summing to 1",
        },
        labels=_LABELS,
        not_checked=["any expression but happy", "infra-red pictures"],
    )


def _samples(side: int, seed: int) -> list[Feeds]:
    """Views of one face, and every other one of many, beginning with the `side`-th: two sides share no picture."""
    many = [cv2.resize(face, (_PX, _PX), interpolation=cv2.INTER_LINEAR) for face in many_faces()[side::2]]
    greys = [cv2.cvtColor(view, cv2.COLOR_BGR2GRAY) for view in views(_FACE, _PX, _VIEWS, seed)]
    return [{"image": (grey.astype(np.float32) / 127.5 - 1)[None, ..., None]} for grey in [*greys, *many]]
