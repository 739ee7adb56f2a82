from pathlib import Path

import numpy as np
import pytest

from benchmarks.fatigue.eyes import states
from edge.bundle.bundle import Bundle
from edge.vision.iris import STATE_ROLE


@pytest.mark.bundle
@pytest.mark.data
def test_open_eyes_are_told_from_shut_ones_in_infrared(bundle_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    bundle = Bundle(bundle_dir)
    eyes = np.load(data_dir / "eyes_ir.npz")
    np.savez(tmp_path / "some.npz", **{name: eyes[name][::4] for name in ("open", "closed")})
    found = {state.reading: state for state in states(bundle, tmp_path / "some.npz")}
    assert found["contour of the lids alone"].auc >= 0.97
    if not bundle.has(STATE_ROLE):
        pytest.skip(f"the bundle has no role {STATE_ROLE}: `make bundle` builds it")
    box = found["as the box reads an eye"]
    assert box.auc >= 0.99
    assert box.accuracy >= 0.95
