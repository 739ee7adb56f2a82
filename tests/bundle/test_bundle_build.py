"""Building is all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="building a bundle needs the extra `export`")

from edge.bundle.bundle import Bundle
from edge.cli.main import main
from export import bundle as writer
from export.fetch import PinnedArchives
from export.recipe import read_recipe
from export.role_build import BuildError


def build(recipe: Path, out: Path, cache: Path, only: tuple[str, ...] = ()) -> None:
    writer.build_bundle(read_recipe(recipe), PinnedArchives({}, cache, {}), out, lambda text: None, only)


def test_the_manifest_says_what_was_made_and_with_what(small_bundle: Path) -> None:
    manifest = Bundle(small_bundle).manifest
    graph = manifest.roles["prosody"].variants["fp32"].graphs["model"]
    assert graph.opset == 18
    assert [tensor.name for tensor in graph.inputs] == ["features"]
    assert isinstance(graph.inputs[0].shape[0], str)
    assert {"python", "torch", "onnx", "onnxruntime"} <= set(manifest.built_with)


def test_building_again_replaces_the_bundle_and_leaves_nothing_beside_it(
    small_recipe: Path, small_bundle: Path, tmp_path: Path
) -> None:
    (small_bundle / "stray.txt").write_text("from before")
    build(small_recipe, small_bundle, tmp_path / "cache")
    assert not (small_bundle / "stray.txt").exists()
    Bundle(small_bundle)
    assert {path.name for path in small_bundle.parent.iterdir()} <= {small_bundle.name, "cache"}


def test_a_build_that_fails_leaves_the_old_bundle_as_it_was(
    small_recipe: Path, small_bundle: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in small_bundle.rglob("*") if path.is_file()}
    broken = small_recipe.with_name("broken.yaml")
    broken.write_text(small_recipe.read_text().replace("prosody_head.yaml}}}", "prosody_head.yaml}}, smell: {}}"))
    with pytest.raises(BuildError, match="no builder for role 'smell'"):
        build(broken, small_bundle, tmp_path / "cache")
    assert before == {path: path.read_bytes() for path in small_bundle.rglob("*") if path.is_file()}
    assert {path.name for path in small_bundle.parent.iterdir()} <= {small_bundle.name, "cache"}


def test_a_folder_with_something_else_in_it_is_not_overwritten(small_recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.txt").write_text("words")
    with pytest.raises(BuildError, match="no bundle"):
        build(small_recipe, out, tmp_path / "cache")
    assert (out / "chapter1.txt").read_text() == "words"


def test_one_role_is_rebuilt_and_the_others_taken_over(small_recipe: Path, small_bundle: Path, tmp_path: Path) -> None:
    before = (small_bundle / "golden" / "prosody.npz").stat().st_mtime_ns
    build(small_recipe, small_bundle, tmp_path / "cache", only=("prosody",))
    assert (small_bundle / "golden" / "prosody.npz").stat().st_mtime_ns > before


def test_a_role_that_is_not_there_to_be_taken_over_is_told_before_anything_is_measured(
    small_recipe: Path, small_bundle: Path, tmp_path: Path
) -> None:
    """Renske rebuilds the voice of a bundle that was made before the recipe had a second role."""
    longer = small_recipe.with_name("longer.yaml")
    longer.write_text(small_recipe.read_text().replace("prosody_head.yaml}}}", "prosody_head.yaml}}, smell: {}}"))
    said: list[str] = []
    with pytest.raises(BuildError, match=r"has no role smell.*add --role smell"):
        archives = PinnedArchives({}, tmp_path / "cache", {})
        writer.build_bundle(read_recipe(longer), archives, small_bundle, said.append, ("prosody",))
    assert said == []


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["--source", "box"], "ARCHIVE=FOLDER", 2),
        (["--role", "smell"], "the recipe has prosody", 2),
        (["--source", "box=."], "no archive 'box'", 1),
    ],
)
def test_wrong_options_are_told(small_recipe: Path, tmp_path: Path, arguments: list[str], said: str, code: int) -> None:
    result = CliRunner().invoke(main, ["bundle", "build", str(small_recipe), "--out", str(tmp_path / "o"), *arguments])
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "o").exists()
