from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.vision.crop import Crop
from edge.vision.geometry import lid_gap
from edge.vision.iris import EyeModel


@pytest.mark.bundle
@pytest.mark.data
def test_the_lid_gap_tells_open_from_shut_in_infrared(bundle_dir: Path, data_dir: Path) -> None:
    eyes = np.load(data_dir / "eyes_ir.npz")
    model = EyeModel(Bundle(bundle_dir))
    gaps = {}
    for state in ("open", "closed"):
        crops = eyes[state][::8]
        pictures = [cv2.resize(np.dstack([crop] * 3), (64, 64), interpolation=cv2.INTER_AREA) for crop in crops]
        gaps[state] = np.array([lid_gap(eye) for eye in model.read_crops(pictures, [Crop(0, 0, 1)] * len(pictures))])
    area_under_curve = (gaps["open"][:, None] > gaps["closed"]).mean()
    assert area_under_curve >= 0.97
    assert np.median(gaps["open"]) > 2 * np.median(gaps["closed"])
