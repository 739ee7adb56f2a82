"""`emvas tune fusion`: settings that do better, found without the test split."""

from __future__ import annotations

import json
import math
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from training.fusion.options import DATASETS, data_option
from training.options import device_options


@click.command(epilog="Example: emvas tune fusion --model mtme --data features.npz --trials 50 --out runs/tune")
@click.option("--model", required=True, help="A fusion model, such as mtme.")
@data_option
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings to start from.")
@click.option(
    "--dataset", type=DATASETS, default="sims", show_default=True, help="Otherwise, whose published settings."
)
@click.option("--space", type=click.Path(path_type=Path, dir_okay=False), help="Values to try; otherwise the model's.")
@click.option("--trials", type=click.IntRange(1), default=50, show_default=True, help="Settings to try in all.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Models trained for each.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the search.")
@click.option("--resume", is_flag=True, help="Go on with the search in --out.")
@device_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def tune(
    model: str,
    data: Path,
    config: Path | None,
    dataset: str,
    space: Path | None,
    trials: int,
    seeds: int,
    out: Path,
    resume: bool,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Search hyperparameters by the validation error; the test split is dropped as soon as the file is read.

    --out gets best.yaml, which `emvas train fusion --config` takes, and the journal that --resume goes on from.
    """
    from edge.error import EmvasError
    from training.fusion.data import read_features
    from training.fusion.models import spec
    from training.fusion.search import SEEN, SPACES, read_space, search
    from training.fusion.settings import SEEDS, published, read
    from training.processes import place

    spec(model)
    settings = read(config) if config else published(model, dataset)
    axes = read_space(space or SPACES / f"{model}.yaml")
    features = read_features(data, SEEN)
    out.mkdir(parents=True, exist_ok=True)
    journal = out / "journal.log"
    if journal.exists() and not resume:
        raise EmvasError(f"{out} holds a search: go on with --resume, or choose another --out")
    numbers = [SEEDS[0] + index for index in range(seeds)]
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with place(device, precision) as here, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(model, total=trials, note="")

        def told(done: int, error: float) -> None:
            note = "" if math.isinf(error) else f"best validation error {error:.4f}"
            progress.update(bar, completed=done, note=f"{done} trials {note}")

        found = search(model, features, settings, axes, trials, numbers, here, journal, told)
    best = out / "best.yaml"
    found.settings.write(best)
    if as_json:
        result = {"settings": str(best), "error": found.error, "trials": found.trials, "failed": found.failed}
        click.echo(json.dumps(result))
        return
    click.echo(f"Best validation error {found.error:.4f} of {found.trials} trials ({found.failed} diverged): {best}")
    click.echo(f"Next: emvas train fusion --model {model} --data {data} --config {best} --out {out / 'train'}")
