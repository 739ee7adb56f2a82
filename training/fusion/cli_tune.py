"""`emvas tune fusion`: searches better settings, without the test split."""

from __future__ import annotations

import json
import math
from pathlib import Path

import click

from training.cli_options import noted_progress
from training.fusion.options import chosen_settings, learning_options, run_options


@click.command(epilog="Example: emvas tune fusion --model mtme --data features.npz --trials 50 --out runs/tune")
@learning_options
@click.option("--space", type=click.Path(path_type=Path, dir_okay=False), help="Values to try; otherwise the model's.")
@click.option("--trials", type=click.IntRange(1), default=50, show_default=True, help="Settings to try in all.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Models trained for each.")
@run_options
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

    --out gets best.yaml for `emvas train fusion --config`, and the journal from which --resume continues.
    """
    from edge.error import EmvasError
    from training.fusion.data import read_features
    from training.fusion.search import SEEN, SPACES, read_space, search
    from training.fusion.settings import SEEDS
    from training.processes import place

    settings = chosen_settings(model, config, dataset)
    axes = read_space(space or SPACES / f"{model}.yaml")
    features = read_features(data, SEEN)
    out.mkdir(parents=True, exist_ok=True)
    journal = out / "journal.log"
    if journal.exists() and not resume:
        raise EmvasError(f"{out} holds a search: go on with --resume, or choose another --out")
    numbers = [SEEDS[0] + index for index in range(seeds)]
    with place(device, precision) as here, noted_progress(here.first) as progress:
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
