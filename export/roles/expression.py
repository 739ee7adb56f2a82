"""Expression: mini-XCEPTION of oarriaga, through Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from edge.bundle.session import Session
from edge.messages import Float32
from edge.vision.crop import Image
from export.parity import check_parity
from export.portrait import FACE, views
from export.quantize import Feeds, quantize_cnn
from export.role import Archives, RoleBuild
from export.sources.hdf5 import Predict, fold_normalization, keras, load_keras
from export.torch_onnx import export_module
from export.variants import Measure, choose

_LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
_PX = 64
_FACE = replace(FACE, side_px=0.8 * FACE.side_px)
"""The face without the mesh's margin, as `edge.vision.expression` cuts it."""
_CALIBRATION, _HELD_OUT = 96, 24


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Load with Keras, fold the normalizations, export through torch, check against Keras."""
    model = load_keras(archives.file(**options["weights"]))
    fp32, int8 = work / "fp32.onnx", work / "int8.onnx"
    shapes = ({0: torch.export.Dim("n")},)
    example = (torch.zeros(2, _PX, _PX, 1),)
    export_module(Predict(fold_normalization(model)), example, fp32, ["image"], ["probabilities"], shapes)
    calibration, held_out = _samples(_CALIBRATION, seed=7), _samples(_HELD_OUT, seed=8)

    def engine(feeds: Feeds) -> Mapping[str, Any]:
        return {"probabilities": model.predict(feeds["image"], verbose=0)}

    parity = check_parity(Session(fp32), engine, f"keras {keras.__version__} (torch)", held_out)
    described = quantize_cnn(fp32, int8, calibration)
    choice = choose(fp32, int8, held_out, [Measure("probability_shift", 0.05, _shift)], parity, described)
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


def _samples(count: int, seed: int) -> list[Feeds]:
    return [{"image": _grey(view)} for view in views(_FACE, _PX, count, seed)]


def _grey(view: Image) -> Float32:
    grey = cv2.cvtColor(view, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return (grey / 127.5 - 1)[None, ..., None]


def _shift(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> float:
    return float(np.abs(expected["probabilities"] - actual["probabilities"]).max())
