"""The mesh stands where the face is, also in little light."""

from pathlib import Path

import numpy as np
import pytest

from demo.portrait import load_portrait
from edge.bundle.bundle import Bundle
from edge.vision import mesh as module
from edge.vision.mesh import FaceMesh, Mesh


@pytest.mark.bundle
@pytest.mark.parametrize("light", [0.1, 0.25])
def test_little_light_moves_no_point_far(bundle_dir: Path, light: float, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle(bundle_dir)
    portrait, mesher = load_portrait(bundle), FaceMesh(bundle)
    crop = Mesh(portrait.points, 1.0).next_crop()
    dark = (portrait.image * light).astype(np.uint8)

    def error() -> float:
        bright, dim = (mesher.locate(image, [crop])[0] for image in (portrait.image, dark))
        return float(np.abs(bright.points - dim.points)[:, :2].mean() / crop.side_px * module.INPUT_PX)

    brightened = error()
    monkeypatch.setattr(module, "_DARK", 0.0)
    assert brightened < 0.6 * error()
