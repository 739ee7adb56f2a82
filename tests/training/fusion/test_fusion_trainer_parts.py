"""Each rule of a training run alone: rates, steps, when it saves, what it counts, when it ends, what it refuses."""

from __future__ import annotations

import dataclasses
import math

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")
pytest.importorskip("tensorboard", reason="training needs the extra `train`")

import fusion_runs
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.fusion import checkpoint
from training.fusion.checkpoint import FusionCheckpointError
from training.fusion.data import batches
from training.fusion.evaluate import Spread, spread
from training.fusion.predict import predict
from training.fusion.settings import FusionTraining, ParameterGroup
from training.fusion.trainer import BEST, LAST, FusionTrainer, FusionTrainingError, optimizer_of
from training.fusion.training_state import FusionPosition
from training.processes import Place
from training.settings_file import SettingsError


class TwoParts(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other, self.third = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)


def test_the_first_group_that_matches_a_name_decides_its_rates() -> None:
    groups = (
        ParameterGroup(parameters="one.*", learning_rate=0.5),
        ParameterGroup(parameters="o*.bias", weight_decay=0.25),
    )
    model = TwoParts()
    made = optimizer_of(model, FusionTraining(learning_rate=0.01, weight_decay=0.02, groups=groups)).param_groups
    rates = [(group["lr"], group["weight_decay"], [part.shape for part in group["params"]]) for group in made]
    assert rates == [
        (0.5, 0.02, [(3, 2), (3,)]),
        (0.01, 0.25, [(3,)]),
        (0.01, 0.02, [(3, 2), (3, 2), (3,)]),
    ]
    assert made[1]["params"][0] is model.other.bias
    everything = (ParameterGroup(parameters="*", learning_rate=0.5),)
    assert len(optimizer_of(model, FusionTraining(groups=everything)).param_groups) == 1
    with pytest.raises(SettingsError, match=r"no parameter is called 'one\.bias'; there are other\.weight"):
        optimizer_of(model, FusionTraining(groups=(groups[0], ParameterGroup(parameters="one.bias"))))


@pytest.mark.parametrize(("plateau", "patience"), [(None, 7), (0, 0), (3, 3)])
def test_the_rate_waits_as_long_as_it_is_told_and_else_the_whole_run(plateau: int | None, patience: int) -> None:
    assert fusion_runs.tiny_trainer(None, epochs=7, plateau_epochs=plateau).schedule.patience == patience


def test_each_process_drops_other_units_but_begins_with_the_same_weights() -> None:
    trainers = []
    for rank in (0, 3):
        trainers.append(fusion_runs.tiny_trainer(None, seed=40, here=Place(torch.device("cpu"), rank=rank)))
        assert torch.initial_seed() == 40 + rank
    for one, other in zip(*(trainer.model.parameters() for trainer in trainers), strict=True):
        assert torch.equal(one, other)


class NotingTrainer(FusionTrainer):
    """Notes where it would save."""

    saved: list[tuple[int, int]]

    def _save(self) -> None:
        self.saved.append((self.position.epoch, self.position.batch))


@pytest.mark.parametrize(
    ("save", "update", "saved"),
    [
        (None, 1, [(2, 0), (3, 0)]),
        (2, 1, [(1, 2), (1, 4), (2, 0), (2, 2), (2, 4), (3, 0)]),
        (1, 3, [(1, 3), (1, 5), (2, 0), (2, 3), (2, 5), (3, 0)]),
        (5, 5, [(1, 5), (2, 0), (2, 5), (3, 0)]),
        (9, 1, [(2, 0), (3, 0)]),
    ],
)
def test_the_state_is_saved_after_so_many_batches_and_each_epoch(save, update, saved) -> None:  # type: ignore[no-untyped-def]
    trainer = fusion_runs.tiny_trainer(None, epochs=2, save_batches=save, update_batches=update)
    trainer.__class__ = NotingTrainer
    trainer.saved = []
    trainer.run()
    assert trainer.saved == saved


def test_the_history_tells_the_mean_loss_the_error_and_the_rate_and_so_do_the_curves(tmp_path) -> None:
    sums: dict[int, float] = {}
    counts: dict[int, int] = {}

    def watch(position: FusionPosition) -> None:
        sums[position.epoch], counts[position.epoch] = position.loss_sum, position.batch

    trainer = fusion_runs.tiny_trainer(tmp_path, epochs=3, early_stop=9, learning_rate=0.02)
    history = trainer.run(watch=watch).history
    assert [row["epoch"] for row in history] == [1, 2, 3] and set(counts.values()) == {5}
    assert [row["loss"] for row in history] == pytest.approx([sums[epoch] / 5 for epoch in (1, 2, 3)])
    guess = predict(trainer.model, trainer.valid, torch.device("cpu"))["score"]
    assert history[-1]["error"] == pytest.approx(float((guess - trainer.valid.label).abs().mean()))
    assert history[0]["learning_rate"] == 0.02
    curves = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(curves.Tags()["scalars"]) == {"loss", "error", "learning_rate"}
    for name in ("loss", "error", "learning_rate"):
        told = {event.step: event.value for event in curves.Scalars(name)}
        assert told == pytest.approx({int(row["epoch"]): row[name] for row in history})
    last, best = checkpoint.load(tmp_path / LAST), checkpoint.load(tmp_path / BEST)
    assert (last["epoch"], last["validation_error"]) == (3, history[-1]["error"])
    assert "correlation" in best and "correlation" not in last and "resume" not in best
    assert (last["model"], last["dataset"], last["seed"]) == ("mtme", "sims", 5)


def test_a_loss_that_is_no_number_names_its_batch() -> None:
    trainer = fusion_runs.tiny_trainer(None)
    trainer.train.label[batches(40, 8, 5, 1)[2]] = math.nan
    with pytest.raises(FusionTrainingError, match=r"mtme, seed 5: the loss is nan in epoch 1, batch 3: lower"):
        trainer.run()


def test_a_validation_that_is_never_a_number_is_no_model() -> None:
    trainer = fusion_runs.tiny_trainer(None, epochs=2)
    trainer.valid = dataclasses.replace(trainer.valid, label=torch.full_like(trainer.valid.label, math.nan))
    with pytest.raises(FusionTrainingError, match="mtme, seed 5: no epoch gave a validation error"):
        trainer.run()


@pytest.mark.parametrize(
    ("best", "epoch", "ends"), [(3, 5, False), (3, 6, True), (0, 2, False), (0, 3, True), (9, 9, False), (9, 10, True)]
)
def test_a_run_ends_after_so_many_epochs_without_a_better_one_or_in_all(best: int, epoch: int, ends: bool) -> None:
    trainer = fusion_runs.tiny_trainer(None, epochs=10, early_stop=3)
    trainer.position.best_epoch = best
    assert trainer._ends_after(epoch) is ends


def test_a_scaled_gradient_is_clipped_at_the_scaled_limit_unless_it_overflows() -> None:
    trainer = fusion_runs.tiny_trainer(None, clip_value=0.01)
    trainer.scaler = torch.amp.GradScaler("cpu", init_scale=64.0, enabled=True)
    weight = next(trainer.model.parameters())

    def gradient(*factors: float) -> torch.Tensor:
        weight.grad = None
        for factor in factors:
            trainer._add_gradients((weight * factor).sum())
        return weight.grad

    assert gradient(0.005).unique().tolist() == pytest.approx([0.005 * 64])
    assert gradient(3.0).unique().tolist() == pytest.approx([0.01 * 64])
    assert gradient(3.0, -0.004).unique().tolist() == pytest.approx([0.006 * 64])
    assert gradient(math.inf).unique().tolist() == [math.inf], "the scaler skips the step"


def test_a_state_of_another_model_or_of_no_run_is_refused(tmp_path) -> None:
    fusion_runs.tiny_trainer(tmp_path, epochs=1).run()
    content = checkpoint.load(tmp_path / LAST)
    for name, change in {
        "best": {"resume": None},
        "model": {"model": "tfn"},
        "dims": {"dims": {**content["dims"], "text": 99}},
    }.items():
        folder = tmp_path / name
        checkpoint.save(folder / LAST, {**content, **change})
        with pytest.raises(
            FusionTrainingError, match="is not of a run of mtme on these features: choose another --out"
        ):
            fusion_runs.tiny_trainer(folder, epochs=1).run(resume=True)


def test_a_resumed_run_keeps_to_the_patience_of_its_settings(tmp_path) -> None:
    fusion_runs.tiny_trainer(tmp_path, epochs=1, plateau_epochs=None).run()
    again = fusion_runs.tiny_trainer(tmp_path, epochs=4, plateau_epochs=None)
    again._restore(tmp_path / LAST)
    assert again.schedule.patience == 4
    assert not again.position.done and again.position.epoch == 2


@pytest.mark.parametrize(
    ("dims", "fits"),
    [
        ({"text": 4, "audio": 5, "vision": 1}, True),
        ({"text": 4, "audio": 5, "vision": 0}, False),
        ({"text": 4, "audio": 5}, False),
        ({"text": 4, "audio": 5, "vision": 2.5}, False),
    ],
)
def test_a_checkpoint_names_the_columns_of_each_modality(tmp_path, dims, fits: bool) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "new" / "folder" / "c.pt"
    content = {"model": "tfn", "config": {}, "dims": dims, "features": {}, "state": {}}
    checkpoint.save(path, content)
    assert [file.name for file in path.parent.iterdir()] == ["c.pt"]
    if fits:
        assert checkpoint.load(path) == {"format": "emvas-fusion-1", **content}
    else:
        with pytest.raises(FusionCheckpointError, match="the columns of text, audio and vision are wanted; train it"):
            checkpoint.load(path)
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(FusionCheckpointError, match="cannot be written"):
        checkpoint.save(tmp_path / "file" / "c.pt", content)


def test_a_spread_over_seeds_is_that_of_the_population() -> None:
    told = spread([{"A": 1.0, "B": 2.0}, {"A": 3.0, "B": 2.0}])
    assert told == {"A": Spread(2.0, 1.0), "B": Spread(2.0, 0.0)}
