"""Checkpoints of `training.heads.expression`: seven expressions, for role `expression`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from edge.vision.perception import EXPRESSION_SIDE
from export.checkpoint import sources_of
from export.export_job import ExportJob, GraphJob
from export.role_build import BuildError, FreeAxis
from export.tasks.expression import samples
from export.tensorrt.free_axes import AXES
from training.heads.expression_net import INPUT_PX, LABELS, read_expression_net
from training.heads.net_file import NetFileError


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read the file `checkpoint`; the images for calibration and the golden input are those of the default role."""
    del work
    try:
        net, about = read_expression_net(checkpoint)
    except NetFileError as error:
        raise BuildError(str(error)) from error

    def example(sizes: Mapping[str, int]) -> Mapping[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(sizes["n"])
        return {"image": 2 * torch.rand(sizes["n"], INPUT_PX, INPUT_PX, 1, generator=generator) - 1}

    axes: Mapping[str, Mapping[int, FreeAxis]] = {"image": {0: AXES["expression"][0]}}
    calibration = samples(INPUT_PX, 0)
    return ExportJob(
        role=options.get("role", "expression"),
        description=_description(about["measured"]),
        sources=sources_of(checkpoint, options.get("licence", about["licence"]), "training/heads/expression.py"),
        training_data=options.get("training_data", about["training_data"]),
        graphs={"model": GraphJob(net, example, ("probabilities",), axes, "cnn")},
        golden_inputs={"model": samples(INPUT_PX, 1)[0]},
        calibration={"model": calibration},
        tensor_meanings={
            "image": f"grey, -1..1, an upright face: {EXPRESSION_SIDE} of the mesh's crop",
            "probabilities": "one a label, summing to 1",
        },
        labels=list(LABELS),
        not_checked=["infra-red images", "children"],
    )


def _description(measured: Mapping[str, float]) -> str:
    right, sad, angry = (measured[key] for key in ("accuracy", "neutral_as_sad", "neutral_as_angry"))
    return (
        f"Seven facial expressions; right on {right:.0%} of FER+'s validation faces; of neutral ones {sad:.0%} are "
        f"read as sad and {angry:.0%} as angry"
    )
