"""What the package carries: the bundle that the recipe makes, its licences, and the files that its commands name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from edge.bundle.bundle import Bundle
from edge.bundle.selftest import check_variant, golden
from edge.cli.main import main
from edge.config import load_config
from edge.runtime.perception_stages import needed_roles
from edge.shipped import BUNDLE, CONFIGS, GUIDES

ROOT = Path(__file__).resolve().parents[2]
LARGEST_MB = 25.0


@pytest.fixture(scope="module")
def cab() -> Bundle:
    return Bundle(BUNDLE)


def test_it_has_the_roles_of_the_recipes_part_and_what_a_cab_asks_for(cab: Bundle) -> None:
    recipe = yaml.safe_load((CONFIGS / "bundles" / "default.yaml").read_text(encoding="utf-8"))
    assert list(cab.manifest.roles) == recipe["parts"]["cab"]["roles"]
    config = load_config(CONFIGS / "bus-cab.yaml")
    assert config.models.bundle is None
    assert set(needed_roles(config)) <= set(cab.manifest.roles)


def test_it_is_small_and_holds_one_variant_a_role(cab: Bundle) -> None:
    assert sum(stored.bytes for stored in cab.manifest.files()) < LARGEST_MB * 1e6
    assert all(len(role.variants) == 1 for role in cab.manifest.roles.values())
    held = {path.relative_to(BUNDLE).as_posix() for path in BUNDLE.rglob("*") if path.is_file()}
    assert held == {"bundle.yaml", *(stored.file for stored in cab.manifest.files())}


def test_it_passes_its_self_test_here(cab: Bundle) -> None:
    checks = [check for role, part in cab.manifest.roles.items() for name in part.variants
              for check in check_variant(cab, role, name)]  # fmt: skip
    assert not [check for check in checks if not check.passed]


@pytest.mark.bundle
def test_it_says_what_the_recipe_makes_when_it_is_built_anew(cab: Bundle, bundle_dir: Path) -> None:
    """The whole bundle is built from the same recipe before the tests run: its float32 graphs give the same outputs."""
    built = Bundle(bundle_dir)
    for role, part in cab.manifest.roles.items():
        (name,) = part.variants
        for graph in part.variants[name].graphs:
            feeds, _ = golden(cab, role, graph)
            ours = cab.session(role, graph, name).run(feeds)
            for output, anew in built.session(role, graph, name).run(feeds).items():
                np.testing.assert_allclose(ours[output], anew, rtol=1e-3, atol=1e-3, err_msg=f"{role}: make cab")


def test_the_licence_of_each_model_stands_in_the_notice(cab: Bundle) -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name, role in cab.manifest.roles.items():
        for source in role.sources:
            assert source.licence in ("Apache-2.0", "MIT")
            assert source.archive == "this project" or source.origin.split("/tree")[0] in notice, name


def test_configurations_recipes_and_guides_are_unpacked_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    assert CliRunner().invoke(main, ["unpack", str(folder)]).exit_code == 0
    for path in (*CONFIGS.glob("*.yaml"), *(CONFIGS / "bundles").iterdir()):
        assert (folder / "configs" / path.relative_to(CONFIGS)).read_bytes() == path.read_bytes()
    assert {page.name for page in (folder / "docs").iterdir()} == {page.name for page in GUIDES.glob("*.md")}
    (folder / "configs" / "bus-cab.yaml").write_text("mine")
    again = CliRunner().invoke(main, ["unpack", str(folder)])
    assert again.exit_code == 1
    assert "stays as it is" in again.stderr
    assert (folder / "configs" / "bus-cab.yaml").read_text() == "mine"
