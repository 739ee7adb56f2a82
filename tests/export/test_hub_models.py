"""A recipe with a model of the hub: told before it starts, fetched once, pinned, and heard with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from made_voice import silence, voice
from role_bundle import make_role_bundle
from wav_files import write_wav
from whisper_folders import make_whisper_folder

import export.hub
from edge.bundle.bundle import Bundle, sha256_of
from edge.bundle.contract import CONTRACTS
from edge.cli.main import main
from edge.speech.log_mel import WHISPER_BANDS
from export.exporters.whisper_outlook import outlook, size_of
from export.hub import HubFetcher, RemoteFile
from export.recipe import HubModel, read_recipe
from export.role_build import BuildError

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
COMMIT = "c" * 40
MEDIUM = {
    "model_type": "whisper", "num_mel_bins": 80, "d_model": 1024, "encoder_layers": 24, "decoder_layers": 24,
    "encoder_ffn_dim": 4096, "decoder_ffn_dim": 4096, "vocab_size": 51865, "max_source_positions": 1500,
    "max_target_positions": 448,
}  # fmt: skip
LARGE = {**MEDIUM, "num_mel_bins": 128, "d_model": 1280, "encoder_layers": 32, "decoder_layers": 4,
         "encoder_ffn_dim": 5120, "decoder_ffn_dim": 5120, "vocab_size": 51866}  # fmt: skip


def model(*files: str) -> HubModel:
    return HubModel(repository="a/b", revision="main", files=list(files), licence="MIT", training_data="none")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that plays the hub's repository a/b."""
    served = tmp_path / "served"
    served.mkdir()

    def describe(repository: str, revision: str) -> tuple[str, dict[str, RemoteFile]]:
        assert repository == "a/b" and revision in ("main", COMMIT)
        return COMMIT, {
            path.name: RemoteFile(20 << 20 if path.suffix == ".bin" else 10, sha256_of(path))
            for path in served.iterdir()
        }

    def bring(repository: str, file: str, commit: str, folder: Path) -> None:
        assert commit == COMMIT
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(served / file, folder / file)

    monkeypatch.setattr(export.hub, "describe", describe)
    monkeypatch.setattr(export.hub, "bring", bring)
    (served / "config.json").write_text(json.dumps(MEDIUM))
    (served / "weights.bin").write_text("weights")
    return served


def test_what_is_needed_is_told_before_the_weights_and_the_first_fetch_pins(hub: Path, tmp_path: Path) -> None:
    told: list[str] = []
    fetcher = HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache")
    folder = fetcher.fetch("big", model("config.json", "weights.bin"), told.append, outlook)
    assert (folder / "weights.bin").read_text() == "weights"
    weights, fetching = (
        next(i for i, line in enumerate(told) if word in line) for word in ("GB of memory", "fetching")
    )
    assert weights < fetching and "to be fetched: 21 MB" in told[0]
    pins = yaml.safe_load((tmp_path / "zh.pins.yaml").read_text())["big"]
    assert pins == {"revision": COMMIT, "files": {name: sha256_of(hub / name) for name in pins["files"]}}


def test_a_file_that_changed_since_is_refused_from_whatever_source(hub: Path, tmp_path: Path) -> None:
    wanted = model("config.json", "weights.bin")
    HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache").fetch("big", wanted, lambda text: None, outlook)
    (hub / "weights.bin").write_text("others")
    for fetcher in (
        HubFetcher(tmp_path / "zh.yaml", tmp_path / "elsewhere"),
        HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache", {"big": hub}),
    ):
        with pytest.raises(BuildError, match=r"weights\.bin is not the file that .*zh\.pins\.yaml pins"):
            fetcher.fetch("big", wanted, lambda text: None, outlook)


def test_what_is_not_what_the_hub_describes_is_not_pinned(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = {path.name: RemoteFile(1, "0" * 64) for path in hub.iterdir()}
    monkeypatch.setattr(export.hub, "describe", lambda repository, revision: (COMMIT, described))
    with pytest.raises(BuildError, match="is not what the hub describes"):
        HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache").fetch("big", model("config.json"), print, outlook)
    assert not (tmp_path / "zh.pins.yaml").exists()


def test_without_a_way_to_the_hub_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def describe(repository: str, revision: str) -> tuple[str, dict[str, RemoteFile]]:
        raise OSError("no route to host")

    monkeypatch.setattr(export.hub, "describe", describe)
    with pytest.raises(BuildError, match=r"no route to host; fetch config\.json .* --source big=FOLDER"):
        HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache").fetch("big", model("config.json"), print, outlook)


def test_one_that_does_not_fit_one_file_is_refused_before_its_weights(hub: Path, tmp_path: Path) -> None:
    (hub / "config.json").write_text(json.dumps(LARGE))
    fetcher = HubFetcher(tmp_path / "zh.yaml", tmp_path / "cache")
    with pytest.raises(BuildError, match=r"encoder has 2\.5 GB of float32 weights.*whisper-medium; nothing was"):
        fetcher.fetch("big", model("config.json", "weights.bin"), print, outlook)
    assert not list(tmp_path.rglob("cache/**/weights.bin"))


def test_weights_are_counted_as_the_releases_have_them() -> None:
    medium, large = size_of(MEDIUM), size_of(LARGE)
    assert (medium.encoder_weights + medium.decoder_weights) / 1e6 == pytest.approx(764, rel=0.01)
    assert (large.encoder_weights + large.decoder_weights) / 1e6 == pytest.approx(809, rel=0.01)


def test_the_shipped_recipe_takes_over_every_other_role_with_what_was_decided_of_it() -> None:
    default, larger = (read_recipe(CONFIGS / "bundles" / name) for name in ("default.yaml", "zh-large.yaml"))
    assert list(larger.roles) == list(default.roles) and larger.name != default.name
    same = [role for role in default.roles if larger.digest(role) == default.digest(role)]
    assert set(default.roles) - set(same) == {"asr"}
    assert not larger.roles["asr"].files and set(larger.archives) <= set(default.archives)


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    shutil.copyfile(CONFIGS / "bundles" / "zh-large.yaml", tmp_path / "zh.yaml")
    text = (tmp_path / "zh.yaml").read_text(encoding="utf-8").replace("extends: default.yaml", "archives: {}")
    (tmp_path / "zh.yaml").write_text(text.replace("model: whisper", "model: whisperer"), encoding="utf-8")
    with pytest.raises(BuildError, match=r"roles\.asr\.model: no model 'whisperer'; there are whisper"):
        read_recipe(tmp_path / "zh.yaml")


def test_the_box_takes_every_number_of_mel_bands_that_it_can_compute() -> None:
    assert tuple(CONTRACTS["asr"][0].graphs["encoder"].inputs["mel"][1]) == WHISPER_BANDS


@pytest.mark.bundle
def test_with_random_weights_of_128_bands_it_is_built_and_replayed(tmp_path: Path, bundle_dir: Path) -> None:
    make_whisper_folder(tmp_path / "weights", bundle_dir, num_mel_bins=128)
    shutil.copytree(CONFIGS / "bundles", tmp_path / "recipes")
    recipe, bundle = tmp_path / "recipes" / "zh-large.yaml", make_role_bundle(tmp_path / "bundle", bundle_dir, "vad")
    content = {**yaml.safe_load(recipe.read_text(encoding="utf-8"))}
    content["models"]["whisper"]["files"].remove("preprocessor_config.json")
    content["roles"]["vad"] = {}
    recipe.write_text(yaml.safe_dump({**content, "extends": "empty.yaml"}), encoding="utf-8")
    (tmp_path / "recipes" / "empty.yaml").write_text("{}", encoding="utf-8")
    words = ("bundle", "build", recipe, "--out", bundle, "--role", "asr", "--source", f"whisper={tmp_path / 'weights'}")
    said = emvas(*words)
    assert "128 mel bands" in said and "GB of memory" in said and "pinned whisper" in said
    role = Bundle(bundle).role("asr")
    assert role.sources[0].licence == "Apache-2.0" and "680,000 h" in role.training_data
    sound = write_wav(tmp_path / "talk.wav", np.concatenate([silence(0.8), voice(1.9, seed=3), silence(0.8)]))
    emvas("replay", sound, "--config", CONFIGS / "desk.yaml", "--bundle", bundle, "--jsonl", tmp_path / "out.jsonl")
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert "speech" in kinds
    (tmp_path / "weights" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(click.ClickException, match=r"config\.json is not the file that .*pins\.yaml pins"):
        CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False, catch_exceptions=False)


def emvas(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_recipe_for_research_replaces_the_head_alone_and_its_weights_are_not_in_the_repository(
    tmp_path: Path,
) -> None:
    shutil.copytree(CONFIGS / "bundles", tmp_path / "recipes", ignore=shutil.ignore_patterns("*_research.npz"))
    with pytest.raises(BuildError, match=r"voice_affect.*there is no file .*voice_affect_research\.npz"):
        read_recipe(tmp_path / "recipes" / "research.yaml")
    (tmp_path / "recipes" / "voice_affect_research.npz").write_bytes(b"trained elsewhere")
    default, research = (read_recipe(tmp_path / "recipes" / name) for name in ("default.yaml", "research.yaml"))
    changed = [role for role in default.roles if research.digest(role) != default.digest(role)]
    assert changed == ["voice_affect"] and research.archives == default.archives
    assert research.roles["voice_affect"].files == default.roles["voice_affect"].files
