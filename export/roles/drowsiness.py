"""Role `drowsiness`: the forest that judges thirty blinks, trained by `training.heads.drowsiness`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.fatigue.drowsiness import MEASURES, SEQUENCE
from export.graphs.forest import read_forest
from export.role_build import Archives, RoleBuild
from export.roles.trained_here import build_head, our_source


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of the checkpoint `options["checkpoint"]`; no archive is needed."""
    del archives
    path = Path(options["checkpoint"])
    forest, arrays = read_forest(path)
    about = json.loads(str(arrays["about"]))
    golden = arrays["golden_features"]
    choice = build_head(forest, {"features": golden}, "probabilities", "float", options["variants"], work, progress)
    return RoleBuild(
        description=f"drowsiness from {SEQUENCE} blinks against the person's own alert state: an estimate",
        sources=[our_source(path, "training/heads/drowsiness.py")],
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
            "drivers: the people were filmed at home or in an office, and rated their own sleepiness",
            "blinks measured by this box: the training data were measured by other software from the same definitions",
            "the features were selected on all three folds, so the figures are slightly optimistic",
        ],
    )
