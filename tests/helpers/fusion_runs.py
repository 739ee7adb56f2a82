"""A tiny fusion training run for the tests of the trainer; as a script, a run to be killed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from training.features.dataset import Features
from training.fusion.data import Rows
from training.fusion.settings import FusionSettings, checked
from training.fusion.trainer import FusionTrainer
from training.fusion.training_state import FusionPosition, FusionTask
from training.processes import Place, place
from training.synthetic_features import DIMS, trimodal

TINY = {"lstm_hidden": [3, 4], "lstm_out": [2, 3], "fusion_hidden": 5, "single_hidden": [4, 3, 2]}


def tiny_settings(**training: Any) -> FusionSettings:
    content = {"batch_size": 8, "learning_rate": 0.01, "epochs": 3, "plateau_epochs": 0, "save_batches": 1, **training}
    return checked({"model": {**TINY, "modality_dropout": 0.2}, "training": content}, "tiny")


def tiny_features() -> Features:
    return trimodal((40, 16, 16), seed=3)


def tiny_trainer(out: Path | None, seed: int = 5, here: Place | None = None, **training: Any) -> FusionTrainer:
    """mtme with the labels of vision withheld, so that label generation has a state too."""
    features = tiny_features()
    train, valid = (Rows.of(features.of(split)) for split in ("train", "valid"))
    train.single[:, 2] = torch.nan
    task = FusionTask("mtme", tiny_settings(**training), DIMS, {"columns": "synthetic"}, "0", seed)
    return FusionTrainer(task, train, valid, here or Place(torch.device("cpu")), out)


def main() -> None:
    """OUT [epochs=N]: train, saying `epoch batch` after every batch."""
    torch.set_num_threads(1)
    out, *values = sys.argv[1:]
    changes = {name: int(number) for name, _, number in (value.partition("=") for value in values)}

    def say(position: FusionPosition) -> None:
        print(position.epoch, position.batch, flush=True)

    with place("cpu") as here:
        tiny_trainer(Path(out), here=here, **changes).run(watch=say)


if __name__ == "__main__":
    main()
