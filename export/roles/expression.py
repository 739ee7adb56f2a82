"""Role `expression`: the net of face-api.js."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from edge.vision.perception import EXPRESSION_SIDE
from export.export_job import Feeds
from export.gate import build_variants
from export.graphs.face_api import INPUT_PX, LABELS, FaceApiExpression
from export.parity import check_parity
from export.role_build import Archives, BuildError, RoleBuild
from export.sources.tfjs import read_tfjs
from export.tasks import expression
from export.trace import export_module

_PROBES = 8
_SOURCE = WeightSource(
    archive="npm @vladmandic/face-api 1.7.15",
    file="package/model/face_expression_model.bin",
    sha256="9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    licence="MIT",
    origin="https://github.com/vladmandic/face-api",
)


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of `weights` and `layout`; no archive is needed."""
    del archives
    path = Path(options["weights"])
    if sha256_of(path) != _SOURCE.sha256:
        raise BuildError(f"{path} is not {_SOURCE.file} of {_SOURCE.archive}: its SHA-256 differs")
    net = FaceApiExpression(read_tfjs(Path(options["layout"]), path), options["neutral_logit"]).eval()
    fp32 = work / "model.fp32.onnx"
    example = (torch.zeros(2, INPUT_PX, INPUT_PX, 1),)
    export_module(net, example, fp32, ["image"], ["probabilities"], ({0: torch.export.Dim("n")},))
    calibration, held_out = (expression.samples(INPUT_PX, side) for side in (0, 1))

    def engine(feeds: Feeds) -> Mapping[str, Any]:
        return {"probabilities": net(torch.from_numpy(feeds["image"])).detach().numpy()}

    choice = build_variants(
        {"model": fp32},
        {"model": "cnn"},
        {"model": calibration},
        expression.task(fp32, held_out, expression.DATA, options["tolerance"]),
        options["variants"],
        check_parity(Session(fp32), engine, f"torch {torch.__version__}", held_out),
        work,
        progress,
        {"model": held_out[:_PROBES]},
        options["margins"],
    )
    return RoleBuild(
        description="Seven facial expressions; right on 74 % of FER+'s faces; of neutral ones 13 % are read as sad",
        sources=[_SOURCE],
        training_data="public and scraped images of faces, not named by the author of face-api.js",
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": held_out[0]},
        tensor_meanings={
            "image": f"grey, -1..1, an upright face: {EXPRESSION_SIDE} of the mesh's crop",
            "probabilities": "one a label, summing to 1",
        },
        labels=list(LABELS),
        not_checked=["infra-red images", "children"],
    )
