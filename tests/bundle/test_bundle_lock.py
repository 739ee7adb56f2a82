"""A build makes what the lock says was worth having, and nothing else; what has changed since is measured anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from judged_net import GENEROUS, Array, distance_task, pictures, residual_cnn

pytest.importorskip("torch", reason="building a bundle needs the extra `export`")

from edge.bundle.manifest import VariantName, read_manifest
from edge.cli.main import main
from export.gate import ChosenVariants, Decision, Margins, build_variants
from export.gate import build as gate
from export.gate.decision import Accepted, tools
from export.recipe import read_recipe
from export.recipe_lock import Lock, lock_of, read_lock, write_lock
from export.role_build import BuildError

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "configs" / "bundles" / "default.yaml"
WANTED: tuple[VariantName, ...] = ("fp16", "cpu-int8")


@pytest.fixture
def nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(*_: object) -> None:
        raise AssertionError("a variant was judged")

    monkeypatch.setattr(gate, "Judge", judge)


def choose(fp32: Path, wanted: tuple[VariantName, ...] | Decision, margins: Margins = GENEROUS) -> ChosenVariants:
    samples: list[dict[str, Array]] = pictures(8)
    task = distance_task(fp32, samples, 0.1)
    rest = (wanted, {"engine": "now"}, fp32.parent, lambda text: None, {"model": samples[:2]}, margins)
    return build_variants({"model": fp32}, {"model": "cnn"}, {"model": samples}, task, *rest)


def decision(choice: ChosenVariants) -> Decision:
    accepted = {
        name: Accepted(golden_tolerance=part.golden_tolerance, measured=dict(part.measured))
        for name, part in choice.variants.items()
    }
    return Decision(made_for="0" * 64, measured_with=tools(), variants=accepted, default=choice.default)


def test_the_default_recipe_has_a_decision_for_each_of_its_roles_as_it_is_now() -> None:
    recipe, lock = read_recipe(DEFAULT), read_lock(DEFAULT)
    stale = [role for role in recipe.roles if lock.decision(recipe, role) is None]
    assert not stale, f"emvas bundle build {DEFAULT.relative_to(ROOT)} --out build/bundle --measure --role {stale[0]}"
    assert set(lock.roles) == set(recipe.roles)


def test_what_was_accepted_is_made_again_byte_for_byte_and_nothing_is_judged(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fp32 = residual_cnn(tmp_path / "net.onnx")
    first = choose(fp32, WANTED)
    assert set(first.variants) == {"fp32", *WANTED}
    files = {name: part.graphs["model"].read_bytes() for name, part in first.variants.items()}
    request.getfixturevalue("nothing_is_judged")
    second = choose(fp32, decision(first))
    assert second.default == first.default
    assert {name: part.graphs["model"].read_bytes() for name, part in second.variants.items()} == files
    assert second.variants["cpu-int8"] == first.variants["cpu-int8"]


def test_layers_that_were_kept_in_float_are_kept_again(tmp_path: Path) -> None:
    fp32 = residual_cnn(tmp_path / "net.onnx")
    entry = decision(choose(fp32, ("cpu-int8",)))
    before = choose(fp32, entry).variants["cpu-int8"].graphs["model"].read_bytes()
    int8 = entry.variants["cpu-int8"]
    kept = int8.model_copy(update={"measured": {**int8.measured, "kept_float": {"model": ["first"]}}})
    entry = entry.model_copy(update={"variants": {**entry.variants, "cpu-int8": kept}})
    assert choose(fp32, entry).variants["cpu-int8"].graphs["model"].read_bytes() != before


def test_a_variant_that_is_no_longer_near_float32_is_refused(tmp_path: Path) -> None:
    fp32 = residual_cnn(tmp_path / "net.onnx")
    entry = decision(choose(fp32, WANTED))
    with pytest.raises(BuildError, match=r"cpu-int8 was accepted .* --measure"):
        choose(fp32, entry, Margins(fp16_max_abs=1.0, int8_least_cosine=1.0))


def test_a_recipe_without_a_lock_is_measured_and_gets_one(small_recipe: Path, tmp_path: Path) -> None:
    recipe = Path(shutil.copytree(small_recipe.parent, tmp_path / "recipe")) / small_recipe.name
    lock_of(recipe).unlink(missing_ok=True)
    command = ["bundle", "build", str(recipe), "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(main, command)
    assert "and measuring its variants" in first.stderr
    role = read_manifest(tmp_path / "out").roles["prosody"]
    before = lock_of(recipe).read_bytes()
    second = CliRunner().invoke(main, command)
    assert "measuring" not in second.stderr
    assert read_manifest(tmp_path / "out").roles["prosody"] == role
    assert lock_of(recipe).read_bytes() == before
    assert "and measuring its variants" in CliRunner().invoke(main, [*command, "--measure"]).stderr
    with recipe.with_name("prosody_head.yaml").open("a", encoding="utf-8") as checkpoint:
        checkpoint.write("# trained anew\n")
    assert "and measuring its variants" in CliRunner().invoke(main, command).stderr


def test_a_recognizer_is_not_measured_without_speech_to_judge_it_on(tmp_path: Path) -> None:
    for words in ([], ["--role", "asr"]):
        command = ["bundle", "build", str(DEFAULT), "--out", str(tmp_path / "out"), "--measure", *words]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2 and "add --evaluation LIST" in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_lock_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    assert read_lock(recipe) == Lock()
    write_lock(Lock(), recipe)
    assert read_lock(recipe) == Lock()
    lock_of(recipe).write_text("roles: {expression: {made_for: x}}", encoding="utf-8")
    with pytest.raises(BuildError, match="remove it"):
        read_lock(recipe)
