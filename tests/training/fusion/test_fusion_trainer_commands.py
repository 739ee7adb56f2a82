"""The commands and the published names, from a feature file to figures; what is wrong is said before training."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

import fusion_runs

import training
from edge.cli.main import main
from training.features.mmsa import write_mmsa
from training.fusion import checkpoint, settings
from training.fusion.metrics import sims
from training.fusion.models import MODELS, configure

CONDITIONS = 7


def emvas(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def train(data, config, out, *more: object):
    return emvas("train", "fusion", "--model", "mtme", "--data", data, "--config", config, "--out", out, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Features, settings, and a run of two seeds over them."""
    folder = tmp_path_factory.mktemp("fusion")
    fusion_runs.tiny_features().save(folder / "features.npz")
    fusion_runs.tiny_settings(epochs=2).write(folder / "tiny.yaml")
    result = train(folder / "features.npz", folder / "tiny.yaml", folder / "run", "--seeds", 2, "--json")
    assert result.exit_code == 0, result.output
    (folder / "told.json").write_text(result.stdout, encoding="utf-8")
    return folder


def test_training_tells_mean_and_deviation_over_seeds_under_each_condition(folder):
    told = json.loads((folder / "told.json").read_text())
    assert told == json.loads((folder / "run" / "result.json").read_text())
    assert told["seeds"] == [1111, 1112]
    assert len(told["conditions"]) == CONDITIONS
    assert set(told["conditions"]["without text"]) == set(sims([0.1, -0.1], [0.2, -0.2]))
    assert told["baseline"]["Corr"] is None
    assert told["conditions"]["all"]["MAE"]["std"] > 0
    assert settings.read(folder / "run" / "settings.yaml") == settings.read(folder / "tiny.yaml")
    assert list((folder / "run" / "seed-1111" / "tensorboard").iterdir())


def test_evaluating_the_checkpoints_gives_the_figures_of_the_training(folder):
    told = json.loads((folder / "told.json").read_text())
    paths = [folder / "run" / f"seed-{seed}" / "best.pt" for seed in told["seeds"]]
    result = emvas("evaluate", "fusion", *paths, "--data", folder / "features.npz", "--json")
    assert json.loads(result.stdout) == told
    table = emvas("evaluate", "fusion", paths[0], "--data", folder / "features.npz", "--dataset", "mosi")
    assert "baseline: Corr is not defined" in table.output
    assert "Next: emvas export fusion" in table.output


def test_an_absent_modality_counts_as_absent_whatever_the_file_holds(folder, tmp_path):
    features = fusion_runs.tiny_features()
    features.presence[:, 1] = 0
    features.save(tmp_path / "f.npz")
    path = folder / "run" / "seed-1111" / "best.pt"
    told = json.loads(emvas("evaluate", "fusion", path, "--data", tmp_path / "f.npz", "--json").stdout)
    whole = json.loads(emvas("evaluate", "fusion", path, "--data", folder / "features.npz", "--json").stdout)
    assert told["conditions"]["all"] == whole["conditions"]["without audio"]
    assert told["rows_without_any_modality"]["only audio"] == told["rows"]


def test_a_pickle_of_mmsa_trains_the_same(folder, tmp_path):
    write_mmsa(fusion_runs.tiny_features(), tmp_path / "f.pkl")
    result = train(tmp_path / "f.pkl", folder / "tiny.yaml", tmp_path / "run", "--seeds", 2, "--json")
    assert json.loads(result.stdout) == json.loads((folder / "told.json").read_text())


def test_a_run_is_not_written_over_and_a_finished_one_resumes(folder):
    command = (folder / "features.npz", folder / "tiny.yaml", folder / "run", "--seeds", 2, "--json")
    again = train(*command)
    assert again.exit_code == 1
    assert "go on with --resume, or choose another --out" in again.output
    resumed = train(*command, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert json.loads(resumed.stdout) == json.loads((folder / "told.json").read_text())


def poisoned(change: str):
    features = fusion_runs.tiny_features()
    if change == "nan":
        features.text[3, 0, 0] = np.nan
    elif change == "no valid":
        return features.select(features.split != "valid")
    elif change == "wide":
        return dataclasses.replace(features, audio=np.concatenate([features.audio] * 2, axis=2))
    return features


def test_an_empty_split_is_told_before_training(folder, tmp_path):
    poisoned("no valid").save(tmp_path / "f.npz")
    result = emvas("train", "fusion", "--model", "mtme", "--data", tmp_path / "f.npz", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert f"{tmp_path / 'f.npz'}: the split valid is empty (train 40, valid 0, test 16 rows)" in result.output
    assert not (tmp_path / "run").exists()


def test_a_row_with_nan_is_named_and_the_rest_goes_on(folder, tmp_path, caplog):
    poisoned("nan").save(tmp_path / "f.npz")
    result = train(tmp_path / "f.npz", folder / "tiny.yaml", tmp_path / "run", "--seeds", 1)
    assert result.exit_code == 0, result.output
    assert "row 3 (made$_$3) is left out: text holds NaN or infinity" in caplog.text


def test_other_columns_than_the_model_was_made_for_are_refused(folder, tmp_path):
    poisoned("wide").save(tmp_path / "f.npz")
    result = emvas("evaluate", "fusion", folder / "run" / "seed-1111" / "best.pt", "--data", tmp_path / "f.npz")
    assert result.exit_code == 1
    assert "audio has 10 columns, the model wants 5" in result.output


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent", "there is no such checkpoint"),
        ("text", "cannot be read as a checkpoint"),
        ("cut", "cannot be read as a checkpoint"),
        ("other", "its format is 'emvas-asr-1', not 'emvas-fusion-1'"),
        ("keys", "lacks dims"),
        ("nan", "NaN or infinity in "),
        ("shape", "the weights do not fit mtme"),
    ],
)
def test_a_damaged_checkpoint_is_told_in_a_sentence(folder, tmp_path, name, sentence):
    good = folder / "run" / "seed-1111" / "best.pt"
    path, content = tmp_path / f"{name}.pt", checkpoint.load(good)
    key = next(iter(content["state"]))
    if name == "text":
        path.write_text("no checkpoint", encoding="utf-8")
    elif name == "cut":
        path.write_bytes(good.read_bytes()[:3000])
    elif name == "other":
        checkpoint.save(path, {**content, "format": "emvas-asr-1"})
    elif name == "keys":
        checkpoint.save(path, {key: value for key, value in content.items() if key != "dims"})
    elif name == "nan":
        checkpoint.save(path, {**content, "state": {**content["state"], key: content["state"][key] * np.nan}})
    elif name == "shape":
        checkpoint.save(path, {**content, "config": {**content["config"], "fusion_hidden": 6}})
    result = emvas("evaluate", "fusion", path, "--data", folder / "features.npz")
    assert result.exit_code == 1, result.output
    assert sentence in result.output
    assert name in result.output


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("training: {learning_rate: -1}", "training.learning_rate: Input should be greater than 0"),
        ("training: {groups: [{parameters: nothing.*}]}", "no parameter is called 'nothing.*'"),
        ("model: {fusion_hiden: 3}", "did you mean fusion_hidden?"),
        ("modle: {}", "modle: Extra inputs are not permitted"),
        ("[1]", "file: Input should be a valid dictionary"),
    ],
)
def test_wrong_settings_are_told_before_training(folder, tmp_path, text, sentence):
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    result = train(folder / "features.npz", tmp_path / "c.yaml", tmp_path / "run")
    assert result.exit_code == 1
    assert sentence in result.output


def test_a_model_that_there_is_not_names_the_nearest(folder, tmp_path):
    result = emvas("train", "fusion", "--model", "mtne", "--data", folder / "features.npz", "--out", tmp_path)
    assert result.exit_code == 1
    assert "did you mean mtme?" in result.output


@pytest.mark.parametrize("name", MODELS)
def test_published_settings_are_settings_of_the_model(name):
    config = training.get_config(name, "SIMS")
    assert config["dataset"] == "sims"
    configure(name, config["model"])


def test_the_published_names_train(folder, tmp_path):
    config = fusion_runs.tiny_settings(epochs=2).model_dump(mode="json")
    config["featurePath"] = str(folder / "features.npz")
    figures = training.MSA_run("mtme", "sims", config=config, seeds=[1111, 1112], model_save_dir=tmp_path)
    assert figures == json.loads((folder / "told.json").read_text())
    assert config["featurePath"], "the caller's configuration is left as it is"
    assert (tmp_path / "mtme-sims" / "seed-1112" / "best.pt").is_file()


def test_the_published_names_say_what_they_need(tmp_path):
    with pytest.raises(settings.SettingsError, match="MSA_run needs features"):
        training.MSA_run("mtme", "sims", model_save_dir=tmp_path)
    with pytest.raises(settings.SettingsError, match="There are no settings for mtme on nothing"):
        training.get_config("mtme", "nothing")
    with pytest.raises(settings.SettingsError, match="FeatureExtraction wants `bundle`"):
        training.FeatureExtraction({"workers": 2})
    fet = {"audio": {"tool": "librosa"}, "video": {"tool": "openface"}, "text": {"model": "bert"}}
    with pytest.raises(settings.SettingsError, match=r"audio by librosa, video by openface, text by .*not run here"):
        training.FeatureExtraction(fet)
    with pytest.raises(settings.SettingsError, match=r"must end in \.pkl"):
        training.FeatureExtraction({"bundle": "b"}).run_dataset("CH-SIMS", tmp_path / "feature.h5")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = training.nothing


def test_the_published_extraction_asks_for_what_the_command_asks(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("training.mmsa_api.extract", asked.append)
    (tmp_path / "fet.json").write_text(json.dumps({"bundle": "b", "workers": 3}), encoding="utf-8")
    training.FeatureExtraction(tmp_path / "fet.json").run_dataset("CH-SIMS", tmp_path / "out.npz")
    assert (str(asked[0].dataset), str(asked[0].bundle), asked[0].workers) == ("CH-SIMS", "b", 3)
