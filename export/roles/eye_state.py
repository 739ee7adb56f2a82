"""Role `eye_state`: the small net that says how far an eye is open, trained by `training.heads.eye_state`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import Source
from edge.bundle.session import Session
from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.iris import INPUT_PX
from export.gate import build_variants
from export.parity import check_parity
from export.portrait import LEFT_EYE, RIGHT_EYE, squeezed, views
from export.role import Archives, BuildError, RoleBuild
from export.torch_onnx import export_module
from training.heads.eye_net import EyeNet, EyeStateError, read_eye_net

_VIEWS = 8
"""Of each eye of the portrait: golden inputs and parity."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of the checkpoint `options["checkpoint"]`; no archive is needed."""
    del archives
    path = Path(options["checkpoint"])
    try:
        net, about = read_eye_net(path)
    except EyeStateError as error:
        raise BuildError(str(error)) from error
    golden = _eyes()
    graph = work / "model.fp32.onnx"
    export_module(net, (torch.from_numpy(golden),), graph, ["image"], ["open"], ({0: Dim("n")},))
    parity = check_parity(Session(graph), _engine(net), "torch", [{"image": golden}, {"image": golden[:1]}])
    probes = {"model": [{"image": golden}]}
    choice = build_variants(
        {"model": graph}, {"model": "cnn"}, {}, None, options["variants"], parity, work, progress, probes
    )
    return RoleBuild(
        description="How far an eye is open; below one half it shrinks the opening that role iris gives",
        sources=[
            Source(
                archive="this project",
                file=f"configs/bundles/{path.name}",
                sha256=sha256_of(path),
                licence="Apache-2.0",
                origin="training/heads/eye_state.py",
            )
        ],
        training_data=about["training_data"],
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": {"image": golden}},
        tensor_meanings={
            "image": "RGB, 0..1, the crop of role iris; colour is not used",
            "open": "0 shut to 1 open",
        },
        preprocessing={"measured": about["measured"]},
        not_checked=[
            "most shut eyes of the training are open ones whose lids were brought down by drawing",
            "infra-red cameras: light, noise, glare and glasses of the training are drawn over daylight pictures",
        ],
    )


def _eyes() -> Float32:
    """Views of both eyes of the portrait, half of them pressed flat."""
    eyes = views(RIGHT_EYE, INPUT_PX, _VIEWS, seed=3) + views(LEFT_EYE, INPUT_PX, _VIEWS, seed=4)
    return unit_rgb(eyes[::2] + squeezed(eyes[1::2], seed=5))


def _engine(net: EyeNet) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def run(feeds: Mapping[str, Any]) -> Mapping[str, Any]:
        with torch.no_grad():
            return {"open": net(torch.from_numpy(feeds["image"])).numpy()}

    return run
