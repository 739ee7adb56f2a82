"""A recipe that cannot be used says which key is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.gate.margins import Margins
from export.recipe import read_recipe
from export.role_build import BuildError
from export.roles import BUILDERS, builder

DEFAULT = Path(__file__).resolve().parents[2] / "configs" / "bundles" / "default.yaml"
HASH = "a" * 64
SOUND = f"""
name: test
version: "1"
archives:
  box: {{requirement: box==1.0, sha256: {HASH}, licence: MIT, origin: https://example.org}}
roles:
  vad:
    files:
      weights: {{archive: box, member: a/b.bin, sha256: {HASH}}}
    settings: {{seconds: 3}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_recipe_names_only_roles_that_can_be_built_and_uses_every_archive() -> None:
    recipe = read_recipe(DEFAULT)
    assert set(recipe.roles) == set(BUILDERS)
    used = {member.archive for role in recipe.roles.values() for member in role.files.values()}
    assert used == set(recipe.archives)


def test_a_builder_gets_settings_own_files_and_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "ours.txt").write_text("x")
    path = write(tmp_path, SOUND + "    ours: {lines: ours.txt}\n")
    assert read_recipe(path).options("vad") == {
        "seconds": 3,
        "lines": str(tmp_path / "ours.txt"),
        "weights": {"archive": "box", "member": "a/b.bin", "sha256": HASH},
        "variants": [],
        "tolerance": 0.0,
        "margins": Margins(),
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("archive: box,", "archive: bx,", "no archive 'bx'; there are box"),
        (f"sha256: {HASH}", "sha256: abc", "archives.box.sha256"),
        ("box==1.0", "box>=1.0", "archives.box.requirement"),
        ("licence: MIT,", "", "archives.box.licence: Field required"),
        ("settings:", "setings:", "roles.vad.setings"),
        ("    settings: {seconds: 3}", "    ours: {lines: nowhere.txt}", "there is no file"),
        ("name: test", "name: [", "not valid YAML"),
    ],
)
def test_a_wrong_recipe_names_the_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SOUND
    path = write(tmp_path, SOUND.replace(old, new, 1))
    with pytest.raises(BuildError) as caught:
        read_recipe(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_no_recipe_at_all_names_the_default_one(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"configs/bundles/default\.yaml"):
        read_recipe(tmp_path / "none.yaml")
    with pytest.raises(BuildError, match="key: value"):
        read_recipe(write(tmp_path, ""))


def test_an_unknown_role_is_told_with_those_that_exist() -> None:
    with pytest.raises(BuildError, match=r"no builder for role 'smell'; there are face_detector"):
        builder("smell")
