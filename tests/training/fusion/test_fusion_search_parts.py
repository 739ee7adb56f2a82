"""Each part of a search: what an axis may draw, what a trial reports, what fails, what the best is."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("optuna", reason="training needs the extra `train`")

import fusion_runs
import optuna
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from training.features.dataset import Features
from training.fusion import search as searching
from training.fusion.data import Rows
from training.fusion.search import SEEN, SearchAxis, read_space, search
from training.fusion.settings import FusionSettings, checked
from training.fusion.trainer import FusionTrainer, FusionTrainingError
from training.fusion.training_state import FusionPosition, FusionTask
from training.processes import Place
from training.settings_file import SettingsError

HERE = Place(torch.device("cpu"))
BASE = fusion_runs.tiny_settings(epochs=3, save_batches=None)


def seen() -> Features:
    features = fusion_runs.tiny_features()
    return features.select([split in SEEN for split in features.split])


def study_in(journal) -> optuna.Study:  # type: ignore[no-untyped-def]
    return optuna.load_study(storage=JournalStorage(JournalFileBackend(str(journal))), study_name="search")


@pytest.mark.parametrize(
    ("axis", "distribution"),
    [
        (SearchAxis(choice=[[1, 2], "b", None]), CategoricalDistribution((0, 1, 2))),
        (SearchAxis(choice=["a"]), CategoricalDistribution((0,))),
        (SearchAxis(log=(1e-4, 1e-1)), FloatDistribution(1e-4, 1e-1, log=True)),
        (SearchAxis(range=(2, 5)), IntDistribution(2, 5)),
        (SearchAxis(range=(0, 1.5)), FloatDistribution(0, 1.5)),
        (SearchAxis(range=(0.5, 2)), FloatDistribution(0.5, 2)),
        (SearchAxis(range=(-3, -1)), IntDistribution(-3, -1)),
    ],
)
def test_an_axis_draws_from_what_it_says(axis: SearchAxis, distribution: Any) -> None:
    trial = optuna.create_study().ask()
    value = axis.draw(trial, "x")
    assert trial.distributions == {"x": distribution}
    assert value == (axis.choice[trial.params["x"]] if axis.choice else trial.params["x"])


@pytest.mark.parametrize(
    "axis",
    [
        {},
        {"choice": []},
        {"range": (2, 2)},
        {"range": (3, 2)},
        {"log": (0, 1)},
        {"log": (-1, 1)},
        {"log": (0.1, 0.1)},
        {"choice": [1], "log": (1, 2)},
        {"range": (1, 2), "log": (1, 2)},
        {"chosen": [1]},
    ],
)
def test_an_axis_that_says_nothing_or_too_much_is_refused(axis: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"choice|Extra"):
        SearchAxis(**axis)


@pytest.mark.parametrize("content", ["[]", "{}", "3", ""])
def test_a_space_is_a_list_of_settings(tmp_path, content: str) -> None:
    (tmp_path / "space.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="a space is a list of"):
        read_space(tmp_path / "space.yaml")


def test_the_error_is_the_mean_over_seeds_and_the_first_seed_reports_its_epochs(tmp_path) -> None:
    told: list[tuple[int, float]] = []
    space = {"training.learning_rate": SearchAxis(choice=[0.01])}
    found = search(
        "mtme", seen(), BASE, space, 1, [5, 9], HERE, tmp_path / "j", lambda done, error: told.append((done, error))
    )
    train, valid = (Rows.of(seen().of(split)) for split in SEEN)
    runs = []
    for seed in (5, 9):
        task = FusionTask("mtme", found.settings, seen().dims, {}, "", seed)
        runs.append(FusionTrainer(task, train, valid, HERE, None).run())
    assert found.error == pytest.approx((runs[0].best_error + runs[1].best_error) / 2)
    assert (found.trials, found.failed) == (1, 0)
    assert told == [(1, found.error)]
    (trial,) = study_in(tmp_path / "j").trials
    assert trial.intermediate_values == {row["epoch"]: row["error"] for row in runs[0].history[:-1]}
    again = search("mtme", seen(), BASE, space, 1, [5, 9], HERE, tmp_path / "j")
    assert again == found, "one trial was asked for, and there is one"


def test_trials_that_diverge_are_counted_and_not_chosen(tmp_path) -> None:
    base = checked({"training": {"epochs": 1, "batch_size": 8}}, "base")
    space = {"training.learning_rate": SearchAxis(choice=[1e30])}
    with pytest.raises(FusionTrainingError, match="None of 2 trials gave a model: lower the learning rates"):
        search("lf_dnn", seen(), base, space, 2, [1], HERE, tmp_path / "bad")
    mixed = {"training.learning_rate": SearchAxis(choice=[1e30, 1e-3])}
    found = search("lf_dnn", seen(), base, mixed, 6, [1], HERE, tmp_path / "mixed")
    failed = [trial for trial in study_in(tmp_path / "mixed").trials if trial.value is None]
    assert found.trials == 6 and found.failed == len(failed) > 0
    assert found.settings.training.learning_rate == 1e-3


def test_the_sampler_begins_with_the_seed_and_goes_on_with_another(tmp_path, monkeypatch) -> None:
    begun: list[int] = []
    sampler = optuna.samplers.TPESampler
    monkeypatch.setattr(optuna.samplers, "TPESampler", lambda seed=None: begun.append(seed) or sampler(seed=seed))
    space = {"model.fusion_hidden": SearchAxis(choice=[4, 5])}
    base = fusion_runs.tiny_settings(epochs=1, save_batches=None)
    for trials in (2, 3):
        search("mtme", seen(), base, space, trials, [5, 11], HERE, tmp_path / "j")
    assert [seed for seed in begun if seed is not None] == [5, 7]
    with pytest.raises(SettingsError, match="another seeds: choose another --out"):
        search("mtme", seen(), base, space, 4, [5], HERE, tmp_path / "j")


class NotedTrial:
    """A trial that notes what is reported to it, and is given up when it is told so."""

    def __init__(self, given_up: bool) -> None:
        self.given_up, self.reported = given_up, []

    def report(self, value: float, step: int) -> None:
        self.reported.append((value, step))

    def should_prune(self) -> bool:
        return self.given_up


def test_an_epoch_is_reported_once_when_the_next_has_begun() -> None:
    rows = [{"epoch": 1.0, "error": 0.5}, {"epoch": 2.0, "error": 0.4}]
    trial = NotedTrial(given_up=False)
    watch = searching._giving_up(trial)  # type: ignore[arg-type]
    for epoch, batch, history in (
        (1, 1, []),
        (1, 2, []),
        (2, 1, rows[:1]),
        (2, 2, rows[:1]),
        (3, 0, rows),
        (3, 1, rows),
    ):
        watch(FusionPosition(epoch=epoch, batch=batch, history=history))
    assert trial.reported == [(0.5, 1), (0.4, 2)]
    with pytest.raises(optuna.TrialPruned):
        searching._giving_up(NotedTrial(given_up=True))(FusionPosition(2, 1, history=rows))  # type: ignore[arg-type]


def test_the_best_is_the_least_error_of_what_ended() -> None:
    study = optuna.create_study()
    assert searching._best(study) == float("inf")
    for value, state in ((0.5, "COMPLETE"), (None, "FAIL"), (0.4, "COMPLETE"), (0.1, "PRUNED")):
        study.add_trial(
            optuna.trial.create_trial(
                value=value if state == "COMPLETE" else None,
                state=optuna.trial.TrialState[state],
                intermediate_values={} if value is None else {1: value},
            )
        )
    assert searching._best(study) == 0.4


def test_what_is_not_a_setting_of_the_model_is_told_before_training(tmp_path) -> None:
    with pytest.raises(SettingsError, match="the space"):
        search("mtme", seen(), FusionSettings(), {"modle.x": SearchAxis(choice=[1])}, 1, [1], HERE, tmp_path / "j")
