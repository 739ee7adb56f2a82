"""A run that was killed goes on as if it had not been; several processes agree; a state file is whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

import fusion_runs
import torch

from training.fusion import checkpoint
from training.fusion.trainer import BEST, LAST, FusionTrainingError
from training.processes import Place

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'helpers'}", "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def same(one, other, path: str = "") -> None:
    """Both hold the same, to the last bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            same(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for index, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{path}[{index}]")
    else:
        assert one == other, path


def test_killed_inside_an_epoch_and_resumed_equals_uninterrupted(tmp_path):
    whole = fusion_runs.tiny_trainer(tmp_path / "whole").run()
    killed = tmp_path / "killed"
    command = [sys.executable, str(Path(fusion_runs.__file__)), str(killed)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if line.split() == ["2", "3"]:
                break
        else:
            pytest.fail("the run ended before it could be killed")
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    before = checkpoint.load(killed / LAST)["resume"]["position"]
    assert not before["done"]
    assert (before["epoch"], before["batch"]) >= (2, 2)

    resumed = fusion_runs.tiny_trainer(killed)
    resumed.run(resume=True)
    same(checkpoint.load(tmp_path / "whole" / BEST), checkpoint.load(killed / BEST))
    same(checkpoint.load(tmp_path / "whole" / LAST), checkpoint.load(killed / LAST))
    assert resumed.position == whole


def test_a_seed_decides_everything_and_another_seed_something():
    one, again, other = (fusion_runs.tiny_trainer(None, seed=seed).run() for seed in (5, 5, 6))
    assert one.history == again.history
    assert one.history != other.history


def test_every_part_of_the_state_matters(tmp_path):
    """What is stored is what changes: without one part of it, the rest of the run would be another."""

    class StoppedError(Exception):
        pass

    def stop(position):
        if (position.epoch, position.batch) == (2, 3):
            raise StoppedError

    whole = fusion_runs.tiny_trainer(None).run()
    with pytest.raises(StoppedError):
        fusion_runs.tiny_trainer(tmp_path).run(watch=stop)
    stored = checkpoint.load(tmp_path / LAST)
    fresh = fusion_runs.tiny_trainer(None)
    for part, value in {
        "optimizer": fresh.optimizer.state_dict(),
        "random": [{"cpu": torch.Generator().manual_seed(1).get_state(), "gpu": None}],
        "objective": fresh.objective.state_dict(),
    }.items():
        folder = tmp_path / part
        checkpoint.save(folder / LAST, {**stored, "resume": {**stored["resume"], part: value}})
        assert fusion_runs.tiny_trainer(folder).run(resume=True).history != whole.history, part
    checkpoint.save(tmp_path / "same" / LAST, stored)
    assert fusion_runs.tiny_trainer(tmp_path / "same").run(resume=True).history == whole.history


def test_the_learning_rate_that_fell_stays_low_after_a_resume(tmp_path):
    trainer = fusion_runs.tiny_trainer(tmp_path)
    trainer.schedule.step(0.0)
    trainer.schedule.step(1.0)
    trainer._save()
    again = fusion_runs.tiny_trainer(tmp_path)
    again._restore(tmp_path / LAST)
    assert again.optimizer.param_groups[0]["lr"] == pytest.approx(0.001)
    assert again.schedule.state_dict() == trainer.schedule.state_dict()


def test_a_folder_with_a_run_is_not_written_over(tmp_path):
    fusion_runs.tiny_trainer(tmp_path, epochs=1).run()
    with pytest.raises(FusionTrainingError, match="holds a run: go on with --resume"):
        fusion_runs.tiny_trainer(tmp_path, epochs=1).run()
    with pytest.raises(FusionTrainingError, match="other settings: choose another --out"):
        fusion_runs.tiny_trainer(tmp_path, epochs=1, learning_rate=0.02).run(resume=True)
    with pytest.raises(FusionTrainingError, match="other seed"):
        fusion_runs.tiny_trainer(tmp_path, seed=9, epochs=1).run(resume=True)


def test_a_finished_run_is_resumed_to_nothing(tmp_path):
    done = fusion_runs.tiny_trainer(tmp_path, epochs=1).run()
    assert fusion_runs.tiny_trainer(tmp_path, epochs=1).run(resume=True) == done


def test_a_finished_run_that_is_given_more_epochs_ends_as_if_it_had_them_from_the_start(tmp_path):
    fusion_runs.tiny_trainer(tmp_path, epochs=1).run()
    assert (
        fusion_runs.tiny_trainer(tmp_path, epochs=2).run(resume=True) == fusion_runs.tiny_trainer(None, epochs=2).run()
    )


def test_a_run_that_stopped_early_stays_stopped_whatever_epochs_it_is_given(tmp_path):
    done = fusion_runs.tiny_trainer(tmp_path, epochs=9, early_stop=1, learning_rate=1e-9).run()
    assert len(done.history) < 9
    assert fusion_runs.tiny_trainer(tmp_path, epochs=20, early_stop=1, learning_rate=1e-9).run(resume=True) == done


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(tmp_path):
    trainer = fusion_runs.tiny_trainer(tmp_path)
    trainer.train.label[:] = torch.inf
    with pytest.raises(
        FusionTrainingError, match=r"the loss is inf in epoch 1, batch 1: lower the learning rate \(0.01\)"
    ):
        trainer.run()
    assert not (tmp_path / LAST).exists()


def test_early_stopping_keeps_the_best_epoch(tmp_path):
    trainer = fusion_runs.tiny_trainer(tmp_path, epochs=40, early_stop=2, learning_rate=0.3, plateau_epochs=None)
    position = trainer.run()
    errors = [row["error"] for row in position.history]
    assert len(errors) < 40
    assert len(errors) == position.best_epoch + 2
    best = checkpoint.load(tmp_path / BEST)
    assert best["epoch"] == position.best_epoch == 1 + errors.index(min(errors))
    assert best["validation_error"] == min(errors)
    assert best["format"] == "emvas-fusion-1"
    assert best["features"] == {"columns": "synthetic"}


def test_mixed_precision_is_near_full_precision():
    place = Place(torch.device("cpu"), "bfloat16")
    history = fusion_runs.tiny_trainer(None, here=place, epochs=3, plateau_epochs=None).run().history
    exact = fusion_runs.tiny_trainer(None, epochs=3, plateau_epochs=None).run().history
    assert history != exact
    assert [row["loss"] for row in history] == pytest.approx([row["loss"] for row in exact], rel=0.1)


def test_two_processes_of_torchrun_share_a_run_and_resume_it(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(Path(fusion_runs.__file__)), str(tmp_path), "epochs=1"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    state = checkpoint.load(tmp_path / LAST)["resume"]
    assert state["position"]["done"]
    assert state["identity"]["processes"] == len(state["random"]) == 2
    assert not torch.equal(state["random"][0]["cpu"], state["random"][1]["cpu"])
    with pytest.raises(FusionTrainingError, match="other processes"):
        fusion_runs.tiny_trainer(tmp_path, epochs=1).run(resume=True)
