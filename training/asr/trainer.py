"""Trains a speech model; after a kill at any moment it continues from its last state with the same result.

DIR/last.pt is that state, DIR/best.pt the model with the lowest character error rate on the validation list,
DIR/epoch-N.pt the models of the latest epochs, DIR/skipped.txt the unusable lines.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.tensorboard import SummaryWriter

from edge.error import EmvasError
from training.asr.batching import batches
from training.asr.data import Changes, Corpus, UtteranceBatch, Utterances, loaded, silence
from training.asr.evaluate import judge
from training.asr.manifest import Skipped, write_skipped
from training.asr.model_adapters import Learner
from training.asr.settings import AsrSettings
from training.asr.sound_memory import SoundMemory
from training.asr.state import load_state, save_state
from training.processes import Place, random_state, set_random_state

LAST, BEST, SKIPPED, HISTORY = "last.pt", "best", "skipped.txt", "history.json"
_MOST_LOST = 10
"""After this many batches in a row without a usable loss training ends with an error."""


def noam(batch: int, warmup_batches: int) -> float:
    """The share of the highest learning rate for a batch, counted from 1 (Vaswani et al. 2017, 5.3)."""
    return min(batch / warmup_batches, (warmup_batches / batch) ** 0.5)


def noam_schedule(optimizer: Optimizer, warmup_batches: int) -> LambdaLR:
    """The schedule of an optimizer whose learning rate is the highest."""
    return LambdaLR(optimizer, lambda done: noam(done + 1, warmup_batches))


class AsrTrainingError(EmvasError):
    """Training cannot begin or continue; the message says what to change."""


@dataclass(slots=True)
class AsrPosition:
    """How far a run has come."""

    epoch: int = 1
    batch: int = 0
    """Batches done in this epoch."""
    loss_sum: float = 0.0
    losses: int = 0
    """Batches of this epoch with a usable loss."""
    lost: int = 0
    """Batches in a row without one."""
    best_cer: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch: `epoch`, `loss`, `cer`, `wer`, `learning_rate`."""


Watch = Callable[[AsrPosition, int], None]
"""Called after every batch with the position of the run and the number of batches of the epoch."""


class AsrTrainer:
    """One run."""

    def __init__(self, learner: Learner, corpus: Corpus, settings: AsrSettings, place: Place, out: Path) -> None:
        self.learner, self.corpus, self.settings, self.place, self.out = learner, corpus, settings, place, out
        training = settings.training
        self.module = learner.module.to(place.device)
        self.optimizer = torch.optim.AdamW(
            self.module.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
        self.schedule = noam_schedule(self.optimizer, training.warmup_batches)
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=place.precision == "float16")
        self.position = AsrPosition()
        sounds = [utterance.path for utterance in (*corpus.train, *corpus.valid)]
        self.memory = SoundMemory(training.sound_in_memory_s, [*sounds, *corpus.noises])
        self.skipped: dict[str, Skipped] = {}
        torch.manual_seed(training.seed + place.rank)
        self.parallel: nn.Module = self.module
        if place.world > 1:
            ids = [place.device.index] if place.device.type == "cuda" else None
            self.parallel = DistributedDataParallel(self.module, device_ids=ids)

    def run(self, resume: Path | None = None, watch: Watch = lambda _position, _batches: None) -> AsrPosition:
        """Train to the last epoch, from `resume`, else from DIR/last.pt if it exists.

        Raises: TrainingError: the loss is not finite any more.
            StateError: the state is damaged or of another run.
        """
        last = self.out / LAST
        if resume is not None or last.exists():
            self._restore(resume or last)
        writer = SummaryWriter(self.out / "tensorboard", purge_step=self._batches_done()) if self.place.first else None
        try:
            while self.position.epoch <= self.settings.training.epochs:
                self._epoch(writer, watch)
                self._close_epoch(writer)
        finally:
            if writer is not None:
                writer.close()
        return self.position

    def _epoch(self, writer: SummaryWriter | None, watch: Watch) -> None:
        training, position = self.settings.training, self.position
        frames = [self.learner.frames(utterance.duration_s) for utterance in self.corpus.train]
        parts = batches(
            frames, training.frames_per_batch, training.seed, position.epoch, self.place.rank, self.place.world
        )
        changes = None
        if self.settings.augment is not None:
            changes = Changes(self.settings.augment, self.corpus.noises, training.seed, position.epoch)
        data = Utterances(self.corpus.train, self.corpus.tokens, self.learner.hear, self.memory, changes)
        self.module.train()
        for batch in loaded(data, parts[position.batch :], training.workers):
            loss = self._learn(batch)
            position.batch += 1
            if math.isfinite(loss):
                position.loss_sum, position.losses, position.lost = position.loss_sum + loss, position.losses + 1, 0
                if writer is not None:
                    writer.add_scalar("train/loss", loss, self._batches_done())
            else:
                self._lose()
            watch(position, len(parts))
            if position.batch % training.save_batches == 0:
                self._save()

    def _learn(self, batch: UtteranceBatch) -> float:
        """One step; the mean loss of the batch over all processes, NaN without a usable utterance."""
        for item in batch.failed:
            self.skipped[item.where] = item
        loss, usable = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.training.clip_norm)
        value = self.place.mean(float(loss.detach()) if usable else math.nan)
        finite = math.isfinite(value) and bool(torch.isfinite(norm))
        if finite or self.scaler.is_enabled():
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.schedule.step()
        return value if finite else math.nan

    def _loss(self, batch: UtteranceBatch) -> tuple[Tensor, bool]:
        """The mean over the utterances with a finite loss; the others are logged."""
        nothing = not batch.numbers
        inputs = (batch if not nothing else silence(self.learner.hear)).to(self.place.device)
        with self.place.autocast():
            losses = self.parallel(*inputs).float()
        if nothing:  # the other processes wait for the gradients of this one
            return losses.sum() * 0.0, False
        good = torch.isfinite(losses)
        for number in (batch.numbers[row] for row in (~good).nonzero().flatten().tolist()):
            utterance = self.corpus.train[number]
            reason = f"{utterance.path}: its loss was no number in epoch {self.position.epoch}"
            self.skipped[utterance.where] = Skipped(utterance.where, reason)
        return torch.where(good, losses, 0.0).sum() / len(losses), bool(good.any())

    def _lose(self) -> None:
        self.position.lost += 1
        if self.position.lost >= _MOST_LOST:
            raise AsrTrainingError(
                f"{_MOST_LOST} batches in a row had no usable loss, up to batch {self.position.batch} of epoch "
                f"{self.position.epoch}: lower training.learning_rate ({self.settings.training.learning_rate:g}) or "
                f"look into {self.out / SKIPPED}; {self.out / LAST} holds the last saved state"
            )

    def _close_epoch(self, writer: SummaryWriter | None) -> None:
        """Evaluate on the validation list, keep the best model, write models and state."""
        training, position = self.settings.training, self.position
        judged = judge(self.learner, self.corpus.valid, self.memory, training.frames_per_batch, self.place)
        rates = judged.rates
        row = {
            "epoch": position.epoch,
            "loss": position.loss_sum / position.losses if position.losses else math.nan,
            "cer": rates.cer,
            "wer": rates.wer,
            "learning_rate": float(self.optimizer.param_groups[0]["lr"]),
        }
        position.history.append(row)
        self.skipped.update({item.where: item for item in judged.failed})
        better = rates.cer <= position.best_cer
        position.best_cer = min(position.best_cer, rates.cer)
        if self.place.first:
            self._write_models(better)
        if writer is not None:
            for name in ("cer", "wer", "learning_rate"):
                writer.add_scalar(f"epoch/{name}", row[name], position.epoch)
        position.epoch, position.batch, position.loss_sum, position.losses = position.epoch + 1, 0, 0.0, 0
        self._save()

    def _write_models(self, better: bool) -> None:
        position, suffix = self.position, self.learner.suffix
        name = self.out / f"epoch-{position.epoch:04d}{suffix}"
        measured = {key: position.history[-1][key] for key in ("epoch", "cer", "wer")}
        self.learner.save(name, self.corpus.description, measured)
        if better:
            self.learner.save(self.out / f"{BEST}{suffix}", self.corpus.description, measured)
        for old in sorted(self.out.glob(f"epoch-????{suffix}"))[: -self.settings.training.keep_epochs]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()

    def _save(self) -> None:
        failed = [item for part in self.place.collected(list(self.skipped.values())) for item in part]
        random = self.place.collected(random_state())
        if not self.place.first:
            return
        write_skipped(failed, self.out / SKIPPED)
        part = self.out / f".{HISTORY}.part"
        part.write_text(json.dumps(self.position.history, indent=1), encoding="utf-8")
        part.replace(self.out / HISTORY)
        content = {name: part.state_dict() for name, part in self._parts().items()}
        state = {**content, "random": random, "position": asdict(self.position), "skipped": _plain(failed)}
        save_state(self.out / LAST, self._identity(), state)

    def _restore(self, path: Path) -> None:
        state = load_state(path, self._identity())
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.position = AsrPosition(**state["position"])
        self.skipped = {where: Skipped(where, reason) for where, reason in state["skipped"]}
        set_random_state(state["random"][self.place.rank])

    def _parts(self) -> dict[str, Any]:
        return {
            "module": self.module,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "scaler": self.scaler,
        }

    def _identity(self) -> dict[str, Any]:
        """All settings that decide the results of a run, except the number of epochs."""
        settings = self.settings.model_dump(mode="json")
        del settings["training"]["epochs"]
        utterances = [f"{utterance.path.name}\t{utterance.text}" for utterance in self.corpus.train]
        return {
            "settings": settings,
            "processes": self.place.world,
            "utterances": utterances,
            **self.learner.identity(),
        }

    def _batches_done(self) -> int:
        return int(self.schedule.last_epoch)


def _plain(skipped: Sequence[Skipped]) -> list[list[str]]:
    return [[item.where, item.reason] for item in skipped]
