"""A small real bundle: the one role that needs no archive, built the ordinary way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def small_recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recipe")
    shutil.copy(ROOT / "configs" / "bundles" / "prosody_head.yaml", folder)
    text = "name: small\nversion: '1'\narchives: {}\nroles: {prosody: {ours: {checkpoint: prosody_head.yaml}}}\n"
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return folder / "small.yaml"


@pytest.fixture(scope="session")
def small_bundle_once(small_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="building a bundle needs the extra `export`")
    from export.bundle import build_bundle
    from export.fetch import PinnedArchives
    from export.recipe import read_recipe

    out = tmp_path_factory.mktemp("built") / "small"
    archives = PinnedArchives({}, tmp_path_factory.mktemp("cache"), {})
    build_bundle(read_recipe(small_recipe), archives, out, lambda text: None)
    return out


@pytest.fixture
def small_bundle(small_bundle_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(small_bundle_once, tmp_path / "bundle"))
