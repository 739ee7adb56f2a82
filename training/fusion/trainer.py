"""Trains one fusion model with one seed: early stopping, and a state from which a killed run continues with the same
result.

DIR/last.pt is the state after the last saved batch, DIR/best.pt the model of the best epoch so far; both are
checkpoints (`training.fusion.checkpoint`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.tensorboard import SummaryWriter

from edge.error import EmvasError
from training.fusion import checkpoint
from training.fusion.data import Rows, batches
from training.fusion.losses import whole_batch
from training.fusion.models import build, configure, spec
from training.fusion.predict import correlations, predict
from training.fusion.settings import FusionTraining
from training.fusion.training_state import FusionPosition, FusionTask
from training.processes import Place, random_state, set_random_state
from training.settings_file import SettingsError

BEST, LAST = "best.pt", "last.pt"

Watch = Callable[[FusionPosition], None]
"""Called after every batch with the position of the run."""


def optimizer_of(model: nn.Module, settings: FusionTraining) -> torch.optim.Adam:
    """Adam over all parameters of `model`; the first group whose pattern matches a name applies to it.

    Raises:
        SettingsError: a group's pattern matches no parameter that is left for it.
    """
    left = dict(model.named_parameters())
    groups: list[dict[str, Any]] = []
    for group in settings.groups:
        names = [name for name in left if fnmatchcase(name, group.parameters)]
        if not names:
            raise SettingsError(
                f"training.groups: no parameter is called {group.parameters!r}; there are {', '.join(left)}"
            )
        rates = {
            "lr": settings.learning_rate if group.learning_rate is None else group.learning_rate,
            "weight_decay": settings.weight_decay if group.weight_decay is None else group.weight_decay,
        }
        groups.append({"params": [left.pop(name) for name in names], **rates})
    if left:
        groups.append({"params": list(left.values())})
    return torch.optim.Adam(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


class FusionTrainingError(EmvasError):
    """Training cannot begin, continue, or give a usable model."""


class FusionTrainer:
    """One run. `run` trains to the end; the best model is then in DIR/best.pt. Without a folder nothing is written."""

    def __init__(self, task: FusionTask, train: Rows, valid: Rows, place: Place, out: Path | None) -> None:
        self.task, self.train, self.valid, self.place, self.out = task, train, valid, place, out
        settings = task.settings.training
        torch.manual_seed(task.seed)
        self.model = build(task.model, task.dims, task.settings.model)
        self.model.measure(train.values, train.lengths, train.presence)
        self.model.to(place.device)
        self.objective = spec(task.model).objective(configure(task.model, task.settings.model)).to(place.device)
        self.objective.begin(train.label.to(place.device), train.single.to(place.device))
        self.optimizer = optimizer_of(self.model, settings)
        patience = settings.epochs if settings.plateau_epochs is None else settings.plateau_epochs
        self.schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, patience=patience)
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=place.precision == "float16")
        self.position = FusionPosition()
        torch.manual_seed(task.seed + place.rank)  # processes drop different modalities and units
        self.parallel: nn.Module = self.model
        if place.world > 1:
            ids = [place.device.index] if place.device.type == "cuda" else None
            self.parallel = DistributedDataParallel(self.model, device_ids=ids)

    def run(self, resume: bool = False, watch: Watch = lambda _position: None) -> FusionPosition:
        """Train until the validation error stops falling.

        Raises:
            TrainingError: DIR holds a run and `resume` is false, or another run than this; or the loss is not finite.
        """
        if self.out is not None and (self.out / LAST).exists():
            if not resume:
                raise FusionTrainingError(f"{self.out} holds a run: go on with --resume, or choose another --out")
            self._restore(self.out / LAST)
        writer = self._writer()
        try:
            while not self.position.done:
                self._epoch(watch)
                self._judge(writer)
        finally:
            if writer is not None:
                writer.close()
        if self.place.first and self.out is not None:
            self._tell_reliability(self.out / BEST)
        return self.position

    def _tell_reliability(self, path: Path) -> None:
        """Add to the best checkpoint the correlation of its scores for each set of modalities."""
        content = checkpoint.load(path)
        model = checkpoint.model_of(content, str(path)).to(self.place.device)
        checkpoint.save(path, {**content, "correlation": correlations(model, self.valid, self.place.device)})

    def _epoch(self, watch: Watch) -> None:
        settings, position = self.task.settings.training, self.position
        parts = batches(
            len(self.train),
            settings.batch_size,
            self.task.seed,
            position.epoch,
            self.place.rank,
            self.place.world,
        )
        self.model.train()
        while position.batch < len(parts):
            step_after = (position.batch + 1) % settings.update_batches == 0 or position.batch + 1 == len(parts)
            position.loss_sum += self._batch(parts[position.batch], step_after)
            position.batch += 1
            watch(position)
            if settings.save_batches and step_after and position.batch % settings.save_batches == 0:
                self._save()

    def _batch(self, rows: Tensor, step_after: bool) -> float:
        settings, device = self.task.settings.training, self.place.device
        targets = self.train.targets(rows, device)
        with self.place.autocast():
            output = self.parallel(*self.train.inputs(rows, device))
        output = {name: value.float() for name, value in output.items()}
        loss = self.objective.loss(output, targets)
        value = self.place.mean(float(loss.detach()))
        if not math.isfinite(value):
            raise FusionTrainingError(
                f"{self.task.model}, seed {self.task.seed}: the loss is {value} in epoch {self.position.epoch}, batch "
                f"{self.position.batch + 1}: lower the learning rate ({settings.learning_rate})"
            )
        self._add_gradients(loss)
        if step_after:
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self.optimizer.zero_grad(set_to_none=True)
        self.objective.after_batch(*whole_batch(self.place, output, targets), self.position.epoch)
        return value

    def _add_gradients(self, loss: Tensor) -> None:
        """Add the batch's gradients to those of the step and clip the sum after each batch, as MMSA does.

        With a gradient scaler the limit is scaled instead of the gradients; the scaler handles an overflow.
        """
        self.scaler.scale(loss).backward()
        clip_value = self.task.settings.training.clip_value
        if clip_value is None:
            return
        gradients = [weight.grad for weight in self.model.parameters() if weight.grad is not None]
        if not self.scaler.is_enabled() or all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
            nn.utils.clip_grad_value_(self.model.parameters(), clip_value * self.scaler.get_scale())

    def _judge(self, writer: SummaryWriter | None) -> None:
        """Close an epoch: measure on the validation split, keep the best, write the state."""
        position = self.position
        guess = predict(self.model, self.valid, self.place.device)
        error = self.place.agreed(float((guess["score"] - self.valid.label).abs().mean()))
        rate = float(self.optimizer.param_groups[0]["lr"])
        row = {"epoch": position.epoch, "loss": position.loss_sum / position.batch, "error": error}
        position.history.append({**row, "learning_rate": rate})
        if writer is not None:
            for name in ("loss", "error", "learning_rate"):
                writer.add_scalar(name, position.history[-1][name], position.epoch)
        self.schedule.step(error)
        if error < position.best_error:
            position.best_error, position.best_epoch = error, position.epoch
            if self.place.first and self.out is not None:
                checkpoint.save(self.out / BEST, self._checkpoint())
        position.done = self._ends_after(position.epoch)
        if position.done and not position.best_epoch:
            raise FusionTrainingError(f"{self.task.model}, seed {self.task.seed}: no epoch gave a validation error")
        position.epoch, position.batch, position.loss_sum = position.epoch + 1, 0, 0.0
        self._save()

    def _ends_after(self, epoch: int) -> bool:
        settings = self.task.settings.training
        return epoch - self.position.best_epoch >= settings.early_stop or epoch >= settings.epochs

    def _checkpoint(self) -> dict[str, Any]:
        history = self.position.history
        return {
            "model": self.task.model,
            "config": self.model.hyperparameters(),
            "dims": dict(self.task.dims),
            "features": dict(self.task.features),
            "state": self.model.state_dict(),
            "dataset": self.task.settings.dataset,
            "seed": self.task.seed,
            "epoch": int(history[-1]["epoch"]) if history else 0,
            "validation_error": history[-1]["error"] if history else None,
        }

    def _save(self) -> None:
        if self.out is None:
            return
        random = self.place.collected(random_state())
        if not self.place.first:
            return
        state = {
            "identity": self.task.identity(self.place),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "objective": self.objective.state_dict(),
            "random": random,
            "position": asdict(self.position),
        }
        checkpoint.save(self.out / LAST, {**self._checkpoint(), "resume": state})

    def _restore(self, path: Path) -> None:
        content = checkpoint.load(path)
        state, now = content.get("resume"), self.task.identity(self.place)
        if state is None or content["model"] != self.task.model or dict(content["dims"]) != dict(self.task.dims):
            raise FusionTrainingError(
                f"{path} is not of a run of {self.task.model} on these features: choose another --out"
            )
        if other := [key for key, value in now.items() if state["identity"].get(key) != value]:
            raise FusionTrainingError(f"{path} is of a run with other {', '.join(other)}: choose another --out")
        self.model.load_state_dict(content["state"])
        self.optimizer.load_state_dict(state["optimizer"])
        patience = self.schedule.patience
        self.schedule.load_state_dict(state["schedule"])
        self.schedule.patience = patience
        self.scaler.load_state_dict(state["scaler"])
        self.objective.load_state_dict(state["objective"])
        set_random_state(state["random"][self.place.rank])
        self.position = FusionPosition(**state["position"])
        self.position.done = self._ends_after(self.position.epoch - 1)

    def _writer(self) -> SummaryWriter | None:
        if self.out is None or not self.place.first:
            return None
        return SummaryWriter(self.out / "tensorboard", purge_step=self.position.epoch)
