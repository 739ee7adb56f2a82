"""`emvas evaluate fusion`: the figures of trained models, also with modalities missing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from training.cli_options import json_option
from training.fusion.options import DATASETS, data_option

if TYPE_CHECKING:
    from training.fusion.evaluate import Evaluation


@click.command(epilog="Example: emvas evaluate fusion runs/mtme/seed-*/best.pt --data features.npz")
@click.argument("checkpoints", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_option
@click.option("--split", type=click.Choice(["train", "valid", "test"]), default="test", show_default=True)
@click.option("--dataset", type=DATASETS, help="Whose figures to count; otherwise those of the training.")
@json_option
def evaluate(checkpoints: tuple[Path, ...], data: Path, split: str, dataset: str | None, as_json: bool) -> None:
    """Evaluate CHECKPOINTS of one model, one per seed: mean and deviation, also with each modality missing or alone."""
    from training.fusion.data import read_features
    from training.fusion.evaluate import evaluate as judge

    features = read_features(data, ("train", split))
    result = judge(checkpoints, features, str(data), split, dataset)
    if as_json:
        click.echo(json.dumps(result.plain(), indent=2))
        return
    show(result)
    click.echo(f"Next: emvas export fusion {checkpoints[0]}")


def show(result: Evaluation) -> None:
    """Print the table of an evaluation, and a sentence for each figure that is not defined."""
    from training.fusion.evaluate import BASELINE
    from training.fusion.metrics import undefined
    from training.fusion.predict import CONDITIONS

    title = f"{result.model}, {result.split} split, {result.rows} rows, {len(result.seeds)} seeds: mean ±deviation"
    table = Table("shown", *result.baseline, title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for condition in CONDITIONS:
        figures = result.conditions[condition]
        cells = [f"{_cell(figure.mean)} ±{_cell(figure.deviation)}" for figure in figures.values()]
        table.add_row(condition, *cells)
    table.add_row(BASELINE, *(_cell(value) for value in result.baseline.values()))
    console = Console()
    console.print(table)
    for condition, count in result.blind.items():
        if count:
            console.print(f"{condition}: {count} rows have no modality left")
    means = {
        condition: {name: s.mean for name, s in figures.items()} for condition, figures in result.conditions.items()
    }
    for condition, values in {**means, BASELINE: result.baseline}.items():
        for sentence in undefined(values):
            console.print(f"{condition}: {sentence}")


def _cell(value: float) -> str:
    if math.isnan(value):
        return "-"
    text = f"{value:.3f}"
    return text.replace("0.", ".") if abs(value) < 1 else text
