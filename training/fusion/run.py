"""One model, several seeds: trains each in its own folder and evaluates them together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.bundle.bundle import sha256_of
from training.fusion.data import Rows, read_features
from training.fusion.data_checks import columns_of, fitted
from training.fusion.evaluate import Evaluation, evaluate
from training.fusion.settings import FusionSettings
from training.fusion.trainer import BEST, FusionTrainer
from training.fusion.training_state import FusionPosition, FusionTask
from training.processes import Place

Watch = Callable[[int, FusionPosition], None]
"""Called after every batch with the seed and its position."""


def seed_folder(out: Path, seed: int) -> Path:
    """The folder of the run of one seed."""
    return out / f"seed-{seed}"


def train_seeds(
    model: str,
    data: Path,
    settings: FusionSettings,
    seeds: Sequence[int],
    out: Path,
    place: Place,
    resume: bool = False,
    watch: Watch = lambda _seed, _position: None,
) -> Evaluation | None:
    """Train `model` with each seed, evaluate all on the test split, write OUT/result.json.

    The data, the model's hyperparameters and all three splits are checked before the first seed is trained. Only the
    first process of several evaluates; in the others the result is None.

    Raises:
        EmvasError: features, settings or a folder cannot be used, or training fails.
    """
    features = read_features(data)
    settings = fitted(settings, model, features, str(data))
    out.mkdir(parents=True, exist_ok=True)
    sha256 = sha256_of(data)
    train, valid = (Rows.of(features.of(split, str(data))) for split in ("train", "valid"))
    for seed in seeds:
        task = FusionTask(model, settings, features.dims, columns_of(features), sha256, seed)
        trainer = FusionTrainer(task, train, valid, place, seed_folder(out, seed))
        trainer.run(resume, lambda position, seed=seed: watch(seed, position))  # type: ignore[misc]
    if not place.first:
        return None
    settings.write(out / "settings.yaml")
    paths = [seed_folder(out, seed) / BEST for seed in seeds]
    result = evaluate(paths, features, str(data), dataset=settings.dataset, device=place.device)
    part = out / ".result.json.part"
    part.write_text(json.dumps(result.plain(), indent=2), encoding="utf-8")
    part.replace(out / "result.json")
    return result
