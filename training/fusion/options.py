"""Options that the commands of fusion training share."""

from __future__ import annotations

from pathlib import Path

import click

DATASETS = click.Choice(["sims", "simsv2", "mosi", "mosei"])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Features: .npz of `emvas features`, or a .pkl of MMSA.",
)
