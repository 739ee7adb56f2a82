"""What the commands of fusion training show: the bar while they work, the table at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("optuna", reason="training needs the extra `train`")

import fusion_runs

from edge.cli.main import main
from training.fusion.cli_evaluate import _cell, show
from training.fusion.evaluate import Evaluation, Spread
from training.fusion.predict import CONDITIONS

NAN = float("nan")
TABLE = """\
tfn, test split, 34 rows, 2 seeds: mean
±deviation
shown          Acc         Corr
all            .800 ±.100  -.250 ±.030
without text   .800 ±.100  -.250 ±.030
without audio  .800 ±.100  -.250 ±.030
without vision .800 ±.100  -.250 ±.030
only text      1.000 ±.000 - ±-
only audio     .800 ±.100  -.250 ±.030
only vision    .800 ±.100  -.250 ±.030
baseline       .600        -
only audio: 4 rows have no modality left
only text: Corr is not defined: the predictions or the labels are all the same
baseline: Corr is not defined: the predictions or the labels are all the same
"""


def told(**more: Any) -> Evaluation:
    plain = {"Acc": Spread(0.8, 0.1), "Corr": Spread(-0.25, 0.03)}
    conditions = dict.fromkeys(CONDITIONS, plain) | {"only text": {"Acc": Spread(1, 0), "Corr": Spread(NAN, NAN)}}
    blind = dict.fromkeys(CONDITIONS, 0) | {"only audio": 4}
    return Evaluation("tfn", "sims", "test", 34, (1111, 1112), conditions, {"Acc": 0.6, "Corr": NAN}, blind)


def test_the_table_tells_each_condition_and_what_is_not_defined(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    show(told())
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == TABLE.splitlines()


def test_undefined_figures_are_null_in_json_and_the_others_rounded() -> None:
    plain = told().plain()
    json.dumps(plain, allow_nan=False)
    assert plain["conditions"]["only text"] == {"Acc": {"mean": 1, "std": 0}, "Corr": {"mean": None, "std": None}}
    assert plain["baseline"] == {"Acc": 0.6, "Corr": None}
    assert (plain["rows"], plain["seeds"], plain["rows_without_any_modality"]["only audio"]) == (34, [1111, 1112], 4)
    fine = Evaluation("m", "sims", "test", 1, (None,), {"all": {"A": Spread(1 / 3, 2 / 3)}}, {}, {}).plain()
    assert fine["conditions"]["all"]["A"] == {"mean": 0.333333, "std": 0.666667}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.25, ".250"),
        (-0.25, "-.250"),
        (10.5, "10.500"),
        (-20.04, "-20.040"),
        (1.0, "1.000"),
        (0.0, ".000"),
        (NAN, "-"),
    ],
)
def test_a_figure_has_three_digits_and_no_zero_before_its_point(value: float, shown: str) -> None:
    assert _cell(value) == shown


class NotedBars:
    """A progress display that notes what it is told."""

    def __init__(self, shown: bool) -> None:
        self.shown, self.total, self.updates = shown, 0.0, []

    def __enter__(self) -> NotedBars:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def add_task(self, _name: str, total: float, note: str) -> int:
        assert note == ""
        self.total = total
        return 4

    def update(self, bar: int, completed: float, note: str) -> None:
        assert bar == 4
        self.updates.append((completed, note))


@pytest.fixture
def bars(monkeypatch) -> list[NotedBars]:
    made: list[NotedBars] = []

    def noted(shown: bool) -> NotedBars:
        made.append(NotedBars(shown))
        return made[-1]

    for command in ("cli_train", "cli_tune"):
        monkeypatch.setattr(f"training.fusion.{command}.noted_progress", noted)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    fusion_runs.tiny_features().save(folder / "features.npz")
    fusion_runs.tiny_settings(epochs=3, early_stop=9, save_batches=None).write(folder / "tiny.yaml")
    (folder / "space.yaml").write_text("training.batch_size: {choice: [8, 10]}\n", encoding="utf-8")
    return folder


def emvas(command: str, folder: Path, *more: object) -> str:
    data = ("--model", "mtme", "--data", folder / "features.npz", "--config", folder / "tiny.yaml")
    result = CliRunner().invoke(main, [command, "fusion", *map(str, (*data, *more))])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_bar_of_a_training_counts_the_epochs_of_all_seeds(folder, tmp_path, bars) -> None:
    said = emvas("train", folder, "--out", tmp_path / "run", "--seeds", 2)
    (bar,) = bars
    assert bar.shown and bar.total == 6
    done = [completed for completed, _ in bar.updates]
    assert done == [epoch for epoch in range(6) for _ in range(5)], "five batches an epoch"
    assert bar.updates[0][1] == "seed 1111, epoch 1, best validation error inf"
    assert bar.updates[-1][1].startswith("seed 1112, epoch 3, best validation error 0.")
    assert f"Next: emvas export fusion {tmp_path / 'run' / 'seed-1111' / 'best.pt'} --into BUNDLE" in said


def test_the_bar_of_a_search_counts_its_trials(folder, tmp_path, bars) -> None:
    space = ("--space", folder / "space.yaml", "--trials", 2, "--seeds", 2, "--out", tmp_path / "tune")
    said = emvas("tune", folder, *space)
    (bar,) = bars
    assert bar.shown and bar.total == 2
    assert [completed for completed, _ in bar.updates] == [1, 2]
    assert bar.updates[-1][1].startswith("2 trials best validation error 0.")
    assert " of 2 trials (0 diverged): " in said
    more = emvas(
        "tune", folder, *space[:2], "--trials", 3, "--seeds", 2, "--out", tmp_path / "tune", "--resume", "--json"
    )
    result = json.loads(more)
    assert (result["trials"], result["failed"]) == (3, 0)
    assert result["settings"] == str(tmp_path / "tune" / "best.yaml")
    again = CliRunner().invoke(
        main,
        ["tune", "fusion", "--model", "mtme", "--data", str(folder / "features.npz"), "--out", str(tmp_path / "tune")],
    )
    assert again.exit_code == 1 and "holds a search: go on with --resume" in again.output
