"""`emvas train fusion`: from a feature file to checkpoints and their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli_options import noted_progress
from training.fusion.cli_evaluate import show
from training.fusion.options import chosen_settings, learning_options, run_options

if TYPE_CHECKING:
    from training.fusion.training_state import FusionPosition


@click.command(epilog="Example: emvas train fusion --model mtme --data features.npz --out runs/mtme")
@learning_options
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="How many models to train.")
@run_options
def train(
    model: str,
    data: Path,
    config: Path | None,
    dataset: str,
    seeds: int,
    out: Path,
    resume: bool,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Train a fusion model on a feature file, once per seed, and evaluate the best epochs on the test split.

    Each seed has a folder in --out: best.pt is the model, last.pt the state from which --resume continues, tensorboard/
    the curves. Under torchrun, several processes share each batch.
    """
    from training.fusion.run import seed_folder, train_seeds
    from training.fusion.settings import SEEDS
    from training.fusion.trainer import BEST
    from training.processes import place

    settings = chosen_settings(model, config, dataset)
    numbers = [SEEDS[0] + index for index in range(seeds)]
    with place(device, precision) as here, noted_progress(here.first) as progress:
        bar = progress.add_task(model, total=seeds * settings.training.epochs, note="")

        def watch(seed: int, position: FusionPosition) -> None:
            done = numbers.index(seed) * settings.training.epochs + position.epoch - 1
            note = f"seed {seed}, epoch {position.epoch}, best validation error {position.best_error:.4f}"
            progress.update(bar, completed=done, note=note)

        result = train_seeds(model, data, settings, numbers, out, here, resume, watch)
    if result is None:
        return
    if as_json:
        click.echo(json.dumps(result.plain(), indent=2))
        return
    show(result)
    click.echo(f"Next: emvas export fusion {seed_folder(out, numbers[0]) / BEST} --into BUNDLE --out NEW_BUNDLE")
