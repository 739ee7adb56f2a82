"""Role `drowsiness`: the forest that judges thirty blinks, trained by `training.heads.drowsiness`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import Source
from edge.bundle.session import Session
from edge.fatigue.drowsiness import MEASURES, SEQUENCE
from export.gate import build_variants
from export.graphs.forest import Forest, read_forest
from export.parity import check_parity
from export.role import Archives, RoleBuild
from export.torch_onnx import export_module


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of the checkpoint `options["checkpoint"]`; no archive is needed."""
    del archives
    path = Path(options["checkpoint"])
    forest, arrays = read_forest(path)
    about = json.loads(str(arrays["about"]))
    golden = arrays["golden_features"]
    graph = work / "model.fp32.onnx"
    export_module(forest, (torch.from_numpy(golden),), graph, ["features"], ["probabilities"], ({0: Dim("n")},))
    parity = check_parity(Session(graph), _engine(forest), "torch", [{"features": golden}, {"features": golden[:1]}])
    probes = {"model": [{"features": golden}]}
    choice = build_variants(
        {"model": graph}, {"model": "float"}, {}, None, options["variants"], parity, work, progress, probes
    )
    return RoleBuild(
        description=f"drowsiness from {SEQUENCE} blinks against the person's own alert state: an estimate",
        sources=[
            Source(
                archive="this project",
                file=f"configs/bundles/{path.name}",
                sha256=sha256_of(path),
                licence="Apache-2.0",
                origin="training/heads/drowsiness.py",
            )
        ],
        training_data=about["training_data"],
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": {"features": golden}},
        tensor_meanings={
            "features": "what edge.fatigue.drowsiness.features makes of a sequence of blinks",
            "probabilities": "alert, drowsy",
        },
        preprocessing={
            "measures": list(MEASURES),
            "kss": about["kss"],
            "measured": about["measured_on_unseen_people"],
        },
        labels=["alert", "drowsy"],
        not_checked=[
            "drivers: the people were filmed sitting at home or in an office, and said themselves how sleepy they were",
            "blinks measured by this box: the training data were measured by other software from the same definitions",
            "the features were chosen with a view of all three folds, so the figures are somewhat too good",
        ],
    )


def _engine(forest: Forest) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda feeds: {"probabilities": forest(torch.from_numpy(feeds["features"])).numpy()}
