"""The expression net of face-api.js says what the package itself says, run by TensorFlow.js."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from export.graphs.face_api import INPUT_PX, LABELS, FaceApiExpression
from export.recipe import read_recipe
from export.role_build import BuildError
from export.sources.tfjs import read_tfjs

RECIPES = Path(__file__).parents[2] / "configs" / "bundles"
NET_PX = 112
PACKAGE = {
    3: (0.00298158, 0.00012725, 0.87936139, 0.00000104, 0.10481446, 0.00000042, 0.01271391),
    7: (0.00461508, 0.00465632, 0.98700571, 0.00289897, 0.00000344, 0.00065413, 0.00016636),
    11: (0.00004277, 0.00095144, 0.06299030, 0.00000131, 0.00000030, 0.00560376, 0.93041021),
}
"""What face-api.js 1.7.15 (its own bundled TensorFlow.js 4, CPU, Node 20) gives for `waves`."""


def weights() -> dict[str, np.ndarray]:
    return read_tfjs(RECIPES / "face_expression.json", RECIPES / "face_expression.bin")


def waves(length: int) -> torch.Tensor:
    """A made-up picture in the middle of what the box cuts."""
    y, x = np.mgrid[0:NET_PX, 0:NET_PX]
    grey = np.floor(128 + 100 * np.sin(x / length) * np.cos(y / (length + 2)) + 0.5)
    image = np.zeros((1, INPUT_PX, INPUT_PX, 1), np.float32)
    edge = (INPUT_PX - NET_PX) // 2
    image[0, edge:-edge, edge:-edge, 0] = grey / 127.5 - 1
    return torch.from_numpy(image)


@pytest.mark.parametrize("length", PACKAGE)
def test_the_net_says_what_the_package_says(length: int) -> None:
    net = FaceApiExpression(weights(), neutral_logit=0.0).eval()
    with torch.no_grad():
        said = net(waves(length))[0].numpy()
    assert said == pytest.approx(PACKAGE[length], abs=1e-5)


def test_a_neutral_face_needs_less_than_any_other() -> None:
    bias = read_recipe(RECIPES / "default.yaml").options("expression")["neutral_logit"]
    with torch.no_grad():
        plain, moved = (FaceApiExpression(weights(), logit).eval()(waves(11))[0].numpy() for logit in (0.0, bias))
    neutral = LABELS.index("neutral")
    others = np.delete(moved / plain, neutral)
    assert moved[neutral] / plain[neutral] == pytest.approx(np.exp(bias) * others[0], rel=1e-3)
    assert others == pytest.approx(others[0], rel=1e-3), "the other six keep their order"


def test_two_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.bin"
    cut.write_bytes((RECIPES / "face_expression.bin").read_bytes()[:-5])
    with pytest.raises(BuildError, match="no weights of TensorFlow"):
        read_tfjs(RECIPES / "face_expression.json", cut)
    long = tmp_path / "long.bin"
    long.write_bytes((RECIPES / "face_expression.bin").read_bytes() + b"12345")
    with pytest.raises(BuildError, match="do not belong together"):
        read_tfjs(RECIPES / "face_expression.json", long)
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps([{"weights": [{"name": "a"}]}]))
    with pytest.raises(BuildError, match="no weights of TensorFlow"):
        read_tfjs(odd, long)
