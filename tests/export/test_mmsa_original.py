"""MMSA's real package and our models on the same weights; `make proof-mmsa` puts the package where this test looks."""

from __future__ import annotations

import pytest

from benchmarks.fusion.mmsa_parity import ARGUMENTS, FOLDER, difference

pytestmark = pytest.mark.skipif(not (FOLDER / "MMSA").is_dir(), reason="MMSA is not installed here: make proof-mmsa")


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        (name, frames)
        for name in ARGUMENTS
        for frames in ((1, 1, 1), (1, 50, 3), (50, 50, 50))
        if name != "misa" or len(set(frames)) == 1
    ],
    ids=str,
)
def test_every_architecture_says_what_mmsas_own_class_says(name: str, frames: tuple[int, int, int]) -> None:
    assert difference(name, frames) < 1e-5
