"""The whole run: it learns, a killed one ends as an uninterrupted one, and what is bad is named and left out."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from small_asr import SETTINGS, make_list

from edge.error import EmvasError
from training.asr import trainer as trainer_module
from training.asr.cli_evaluate import evaluate
from training.asr.cli_train import train as train_command
from training.asr.manifest import ManifestError
from training.asr.run import train
from training.asr.settings import read_settings
from training.asr.state import StateError
from training.processes import Place

CPU = Place(torch.device("cpu"))


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("lists")
    return make_list(folder, "train", 24, 0), make_list(folder, "valid", 6, 1)


@pytest.fixture(scope="module")
def config(lists: tuple[Path, Path]) -> Path:
    path = lists[0].parent / "small.yaml"
    path.write_text(SETTINGS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(lists: tuple[Path, Path], config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    out = tmp_path_factory.mktemp("whole")
    torch.set_num_threads(1)
    train(read_settings(config), *lists, out, CPU)
    return out


def same(one: Path, other: Path) -> None:
    curves = [json.loads((out / "history.json").read_text()) for out in (one, other)]
    assert len(curves[0]) == len(curves[1]) == 3
    for a, b in zip(*curves, strict=True):
        assert a == pytest.approx(b, abs=1e-6)
    states = [torch.load(out / "last.pt", weights_only=True)["module"] for out in (one, other)]
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], atol=1e-6, rtol=0)


def test_a_run_writes_its_models_and_state(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert {"best.pt", "last.pt", "epoch-0003.pt", "history.json", "skipped.txt", "tensorboard"} <= names
    assert not [name for name in names if name.startswith(".")]
    history = json.loads((whole / "history.json").read_text())
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_run_killed_at_any_batch_ends_as_an_uninterrupted_one(
    whole: Path, lists: tuple[Path, Path], config: Path, tmp_path: Path
) -> None:
    """SIGKILL of a real process at a random time after its first saved state."""
    arguments = ["--config", config, "--train", lists[0], "--valid", lists[1], "--out", tmp_path, "--device", "cpu"]
    script = "import torch; torch.set_num_threads(1); from training.asr.cli_train import train; train()"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], env=environment)
    deadline = time.monotonic() + 120
    while not (tmp_path / "last.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.3))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = torch.load(tmp_path / "last.pt", weights_only=True)["position"]
    assert (left["epoch"], left["batch"]) < (4, 0)
    train(read_settings(config), *lists, tmp_path, CPU)
    same(whole, tmp_path)


def test_stopped_inside_each_epoch_it_still_ends_the_same(
    whole: Path, lists: tuple[Path, Path], config: Path, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    for epoch, batch in ((1, 3), (2, 5), (3, 4)):

        def watch(position: trainer_module.AsrPosition, _batches: int, at: tuple[int, int] = (epoch, batch)) -> None:
            if (position.epoch, position.batch) == at:
                torch.rand(7)  # what a dead process drew is lost with it
                raise StoppedError

        with pytest.raises(StoppedError):
            train(read_settings(config), *lists, tmp_path, CPU, watch=watch)
    train(read_settings(config), *lists, tmp_path, CPU)
    same(whole, tmp_path)


def test_an_explicit_state_wins_over_the_last_one(
    whole: Path, lists: tuple[Path, Path], config: Path, tmp_path: Path
) -> None:
    (tmp_path / "last.pt").write_bytes(b"half a file")
    train(read_settings(config), *lists, tmp_path, CPU, resume=whole / "last.pt")
    with pytest.raises(StateError, match=r"last\.pt: damaged"):
        (tmp_path / "last.pt").write_bytes(b"half a file")
        train(read_settings(config), *lists, tmp_path, CPU)


def test_another_run_does_not_go_on(whole: Path, lists: tuple[Path, Path], config: Path) -> None:
    settings = read_settings(config)
    other = settings.model_copy(update={"training": settings.training.model_copy(update={"seed": 1})})
    with pytest.raises(StateError, match="other settings"):
        train(other, *lists, whole, CPU)


def test_bad_lines_are_named_and_the_rest_is_learnt(lists: tuple[Path, Path], config: Path, tmp_path: Path) -> None:
    good = lists[0].read_text().splitlines()
    bad = tmp_path / "bad.tsv"
    (tmp_path / "damaged.wav").write_bytes(b"RIFF....")
    rows = [f"{lists[0].parent}/{line}" for line in good[:6]]
    bad.write_text("\n".join([*rows, "no tab", "gone.wav\tlow", "damaged.wav\tlow", f"{rows[0].split()[0]}\t"]))
    settings = read_settings(config)
    once = settings.model_copy(update={"training": settings.training.model_copy(update={"epochs": 1})})
    _, skipped = train(once, bad, lists[1], tmp_path / "out", CPU)
    named = (tmp_path / "out" / "skipped.txt").read_text().splitlines()
    assert skipped == len(named) == 4
    for line, (number, word) in zip(named, enumerate(("TAB", "gone.wav", "damaged.wav", "no text"), 7), strict=True):
        assert line.startswith(f"{bad}:{number}: ")
        assert word in line


def test_a_file_damaged_after_the_list_was_read_is_named(
    lists: tuple[Path, Path], config: Path, tmp_path: Path
) -> None:
    own = make_list(tmp_path, "own", 8, 3)
    settings = read_settings(config)
    changed = settings.training.model_copy(update={"epochs": 2, "sound_in_memory_s": 0.0})
    out = tmp_path / "out"

    def watch(position: trainer_module.AsrPosition, _batches: int) -> None:
        if position.epoch == 1:
            (tmp_path / "own" / "2.wav").write_bytes(b"")

    position, skipped = train(settings.model_copy(update={"training": changed}), own, lists[1], out, CPU, watch=watch)
    assert (len(position.history), skipped) == (2, 1)
    assert (out / "skipped.txt").read_text().startswith(f"{own}:3: ")


def test_an_empty_list_is_refused(lists: tuple[Path, Path], config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").write_text("\n")
    with pytest.raises(ManifestError, match="no utterance"):
        train(read_settings(config), tmp_path / "empty.tsv", lists[1], tmp_path / "out", CPU)


def test_a_loss_that_is_no_number_stops_with_a_sentence(lists: tuple[Path, Path], config: Path, tmp_path: Path) -> None:
    settings = read_settings(config)
    wild = settings.training.model_copy(update={"learning_rate": 1e30, "warmup_batches": 1, "epochs": 9})
    with pytest.raises(EmvasError, match=r"lower training\.learning_rate"):
        train(settings.model_copy(update={"training": wild}), *lists, tmp_path, CPU)


def test_fine_tuning_keeps_the_vocabulary(whole: Path, lists: tuple[Path, Path], config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tsv"
    rows = [f"{lists[0].parent}/{line}\n" for line in lists[0].read_text().splitlines()[:4]]
    other.write_text("".join([*rows, f"{lists[0].parent}/train/0.wav\tunheard\n"]))
    settings = read_settings(config)
    once = settings.model_copy(update={"training": settings.training.model_copy(update={"epochs": 1})})
    _, skipped = train(once, other, lists[1], tmp_path / "out", CPU, base=whole / "best.pt")
    assert skipped == 1
    assert f"{other}:5: 'unheard'" in (tmp_path / "out" / "skipped.txt").read_text()


def test_the_commands_train_and_judge(lists: tuple[Path, Path], config: Path, whole: Path) -> None:
    lines = ["--config", config, "--train", lists[0], "--valid", lists[1], "--out", whole, "--device", "cpu", "--json"]
    trained = CliRunner().invoke(train_command, [*map(str, lines)])
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["model"] == str(whole / "best.pt")
    judged = CliRunner().invoke(evaluate, [str(whole / "best.pt"), "--data", str(lists[1]), "--device", "cpu"])
    assert judged.exit_code == 0, judged.output
    assert "6 utterances: CER" in judged.output
    assert "emvas export asr" in judged.output
