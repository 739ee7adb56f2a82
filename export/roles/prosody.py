"""Role `prosody`: the linear head that reads arousal and valence from a voice (`training.heads.prosody_checkpoint`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from export.role_build import Archives, RoleBuild
from export.roles.trained_here import build_head, our_source


class ProsodyHead(nn.Module):
    """`features` [n, F], in spreads above the voice's usual value -> `scores` [n, 2] in -1..1."""

    def __init__(self, weights: list[list[float]]) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights).T.contiguous(), requires_grad=False)

    def forward(self, features: Tensor) -> Tensor:
        """Linear, limited to -1..1."""
        return torch.clamp(features @ self.weights, -1.0, 1.0)


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of the checkpoint `options["checkpoint"]`; no archive is needed."""
    del archives
    path = Path(options["checkpoint"])
    head = yaml.safe_load(path.read_text(encoding="utf-8"))
    golden = np.array(head["golden_features"], np.float32)
    choice = build_head(
        ProsodyHead(head["weights"]), {"features": golden}, "scores", "float", options["variants"], work, progress
    )
    return RoleBuild(
        description="arousal and valence of a voice from prosody, relative to its usual values",
        sources=[our_source(path, "training/heads/prosody_checkpoint.py")],
        training_data=head["training_data"],
        variants={
            name: replace(part, measured={**part.measured, "left_out_speakers": head["measured_on_left_out_speakers"]})
            for name, part in choice.variants.items()
        },
        default=choice.default,
        golden_inputs={"model": {"features": golden}},
        tensor_meanings={
            "features": "prosodic features in spreads above the voice's own median, -4 to 4",
            "scores": "arousal and valence, -1 to 1",
        },
        preprocessing={name: head[name] for name in ("features", "median", "spread", "valence_trust")},
        labels=head["scores"],
        not_checked=[
            "spontaneous speech: the training data are acted",
            "languages other than German, English and Mandarin: valence weighs there as in the worst of them",
            "rooms where several people speak: the usual values then mix several voices",
        ],
    )
