"""`emvas evaluate blinks`: how well blinks separate drowsy from alert people, on people outside the training."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table


@click.command(epilog="Example: emvas evaluate blinks --data DIR/rldd --json")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with the blink arrays of UTA-RLDD: BlinksTest_30_FoldN.npy and LabelsTest_30_FoldN.npy.",
)
@click.option("--json", "as_json", is_flag=True, help="Print figures and every prediction as JSON.")
def blinks(data: Path, as_json: bool) -> None:
    """Train on two folds of people, test on the third, for all three folds."""
    with Console(stderr=True).status("training three forests"):
        from training.heads.blink_sequences import read_folds
        from training.heads.drowsiness import areas_under_curve, kss_scale, predict_unseen

        predictions = predict_unseen(read_folds(data))
    areas = areas_under_curve(predictions)
    mean = sum(areas.values()) / len(areas)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "auc_alert_against_drowsy": {**{str(fold): area for fold, area in areas.items()}, "mean": mean},
                    "kss": kss_scale(predictions),
                    "predictions": [dataclasses.asdict(item) for item in predictions],
                }
            )
        )
        return
    table = Table("test fold", "sequences", "AUC alert against drowsy")
    for fold, area in areas.items():
        table.add_row(str(fold), str(sum(item.fold == fold for item in predictions)), f"{area:.4f}")
    table.add_row("mean", "", f"{mean:.4f}")
    Console().print(table)
    click.echo("Next: --json gives every prediction; python -m training.heads.drowsiness trains the bundle's model")
