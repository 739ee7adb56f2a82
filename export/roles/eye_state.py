"""Role `eye_state`: the small network for the openness of an eye, trained by `training.heads.eye_state`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.messages import Float32
from edge.vision.crop import unit_rgb
from edge.vision.iris import INPUT_PX
from export.role_build import Archives, BuildError, RoleBuild
from export.roles.trained_here import build_head, our_source
from export.sample_faces import LEFT_EYE, RIGHT_EYE, squeezed, views
from training.heads.eye_net import read_eye_net
from training.heads.net_file import NetFileError

_VIEWS = 8
"""Number of views of each eye of the portrait, for golden inputs and parity."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Make the graph of the checkpoint `options["checkpoint"]`; no archive is needed."""
    del archives
    path = Path(options["checkpoint"])
    try:
        net, about = read_eye_net(path)
    except NetFileError as error:
        raise BuildError(str(error)) from error
    golden = _eyes()
    choice = build_head(net, {"image": golden}, "open", "cnn", options["variants"], work, progress)
    return RoleBuild(
        description="How far an eye is open; a value below one half reduces the opening from role iris",
        sources=[our_source(path, "training/heads/eye_state.py")],
        training_data=about["training_data"],
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": {"image": golden}},
        tensor_meanings={
            "image": "RGB, 0..1, channels first, the crop of role iris; colour is not used",
            "open": "0 shut to 1 open",
        },
        preprocessing={"measured": about["measured"]},
        not_checked=[
            "most closed eyes of the training are open eyes with drawn, lowered eyelids",
            "infra-red cameras: light, noise, glare and glasses of the training are drawn over daylight images",
        ],
    )


def _eyes() -> Float32:
    """Views of both eyes of the portrait, half of them squeezed vertically, as if closing."""
    eyes = views(RIGHT_EYE, INPUT_PX, _VIEWS, seed=3) + views(LEFT_EYE, INPUT_PX, _VIEWS, seed=4)
    return unit_rgb(eyes[::2] + squeezed(eyes[1::2], seed=5))
