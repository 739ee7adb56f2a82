"""The search never sees the test split, goes on where it was, and writes settings that training takes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("optuna", reason="training needs the extra `train`")

import fusion_runs
import torch

from training.fusion import settings
from training.fusion.data import read_features
from training.fusion.models import MODELS, configure
from training.fusion.search import SEEN, SPACES, SearchAxis, read_space, search
from training.fusion.trainer import FusionTrainingError
from training.processes import Place
from training.settings_file import SettingsError

SPACE = {
    "training.learning_rate": SearchAxis(log=(1e-3, 1e-1)),
    "training.batch_size": SearchAxis(range=(8, 20)),
    "model.fusion_hidden": SearchAxis(choice=[4, 8]),
}
BASE = fusion_runs.tiny_settings(epochs=2, save_batches=None)


def found(path, journal, trials: int = 3):
    features = read_features(path, SEEN)
    return search("mtme", features, BASE, SPACE, trials, [1], Place(torch.device("cpu")), journal)


@pytest.fixture(scope="module")
def clean_result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    fusion_runs.tiny_features().save(folder / "clean.npz")
    return found(folder / "clean.npz", folder / "journal")


def test_poisoned_test_rows_change_nothing(tmp_path, clean_result):
    clean = fusion_runs.tiny_features()
    poisoned = dataclasses.replace(clean, label=clean.label.copy(), text=clean.text.copy())
    test = clean.split == "test"
    poisoned.label[test] = np.where(np.arange(test.sum()) % 2, 1e6, np.nan)
    poisoned.text[test] = 1e9
    poisoned.save(tmp_path / "poisoned.npz")
    without = clean.select(~test)
    without.save(tmp_path / "without.npz")
    for name in ("poisoned", "without"):
        assert found(tmp_path / f"{name}.npz", tmp_path / name) == clean_result


def test_poisoned_validation_rows_do_change_it(tmp_path, clean_result):
    clean = fusion_runs.tiny_features()
    clean.label[clean.split == "valid"] *= -1
    clean.save(tmp_path / "turned.npz")
    assert found(tmp_path / "turned.npz", tmp_path / "journal").error != clean_result.error


def test_rows_of_the_test_split_are_refused(tmp_path):
    with pytest.raises(FusionTrainingError, match="shown train and valid alone, not test"):
        search("mtme", fusion_runs.tiny_features(), BASE, SPACE, 1, [1], Place(torch.device("cpu")), tmp_path / "j")


def test_a_search_goes_on_where_it_was_and_its_best_trains(tmp_path):
    data = tmp_path / "f.npz"
    fusion_runs.tiny_features().save(data)
    first = found(data, tmp_path / "journal", trials=2)
    more = found(data, tmp_path / "journal", trials=4)
    assert (first.trials, more.trials) == (2, 4)
    assert more.error <= first.error
    more.settings.write(tmp_path / "best.yaml")
    again = settings.read(tmp_path / "best.yaml")
    assert again == more.settings
    assert 1e-3 <= again.training.learning_rate <= 1e-1
    assert again.model["fusion_hidden"] in (4, 8)
    other = {**SPACE, "model.fusion_hidden": SearchAxis(choice=[3])}
    with pytest.raises(SettingsError, match="another space: choose another --out"):
        features = read_features(data, SEEN)
        search("mtme", features, BASE, other, 5, [1], Place(torch.device("cpu")), tmp_path / "journal")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_space_of_its_own_settings(name):
    space = read_space(SPACES / f"{name}.yaml")
    ends = {key: (axis.choice or axis.range or axis.log)[0] for key, axis in space.items()}
    configure(name, settings.FusionSettings().changed(ends).model)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "a space is a list of"),
        ("training.learning_rate: {log: [0, 1]}", "training.learning_rate: Value error, give at least one choice"),
        ("training.learning_rate: {range: [2, 1]}", "a low end below the high end"),
        ("model.hidden: {choice: [1], range: [1, 2]}", "give one of choice, range, log"),
        ("model.hidden: {chioce: [1]}", "chioce: Extra inputs"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_space_is_told_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "space.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=sentence) as error:
        read_space(path)
    assert str(path) in str(error.value)


def test_a_name_that_is_no_setting_is_told(tmp_path):
    features = fusion_runs.tiny_features()
    seen = features.select(features.split != "test")
    for name, sentence in (("hidden", "not model.NAME"), ("training.rate", "training.rate: Extra inputs")):
        with pytest.raises(SettingsError, match=sentence):
            search(
                "mtme", seen, BASE, {name: SearchAxis(choice=[1])}, 1, [1], Place(torch.device("cpu")), tmp_path / name
            )


def test_several_processes_are_refused_before_a_trial_is_drawn(tmp_path):
    fusion_runs.tiny_features().save(tmp_path / "clean.npz")
    features = read_features(tmp_path / "clean.npz", SEEN)
    with pytest.raises(FusionTrainingError, match="without torchrun"):
        search("mtme", features, BASE, SPACE, 1, [1], Place(torch.device("cpu"), world=2), tmp_path / "journal")
    assert not (tmp_path / "journal").exists()
