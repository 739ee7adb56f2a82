"""`emvas train fusion`: from a feature file to checkpoints and their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from training.fusion.cli_evaluate import show
from training.fusion.options import DATASETS, data_option
from training.options import device_options

if TYPE_CHECKING:
    from training.fusion.trainer import Position


@click.command(epilog="Example: emvas train fusion --model mtme --data features.npz --out runs/mtme")
@click.option("--model", required=True, help="A fusion model, such as mtme.")
@data_option
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings; otherwise the published.")
@click.option("--dataset", type=DATASETS, default="sims", show_default=True, help="Whose published settings.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="How many models to train.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@device_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
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
    """Train a fusion model on a feature file, once a seed, and judge the best epochs on the test split.

    Each seed has a folder in --out: best.pt is the model, last.pt the state that --resume goes on from, tensorboard/
    the curves. Under torchrun, several processes share each batch.
    """
    from training.fusion.models import spec
    from training.fusion.run import seed_folder, train_seeds
    from training.fusion.settings import SEEDS, published, read
    from training.fusion.trainer import BEST
    from training.processes import place

    spec(model)
    settings = read(config) if config else published(model, dataset)
    numbers = [SEEDS[0] + index for index in range(seeds)]
    with place(device, precision) as here, _progress(here.first) as progress:
        bar = progress.add_task(model, total=seeds * settings.training.epochs, note="")

        def watch(seed: int, position: Position) -> None:
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


def _progress(shown: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not shown)
