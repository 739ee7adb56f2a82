"""Options that the commands of fusion training share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli_options import Command, device_options, json_option, out_option

if TYPE_CHECKING:
    from training.fusion.settings import FusionSettings

DATASETS = click.Choice(["sims", "simsv2", "mosi", "mosei"])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Features: .npz of `emvas features`, or a .pkl of MMSA.",
)


def learning_options(command: Command) -> Command:
    """What to train, on what and how: `--model`, `--data`, `--config` and `--dataset`."""
    model = click.option("--model", required=True, help="A fusion model, such as mtme.")
    config = click.option(
        "--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings; otherwise the published."
    )
    dataset = click.option(
        "--dataset", type=DATASETS, default="sims", show_default=True, help="Whose published settings."
    )
    return model(data_option(config(dataset(command))))


def run_options(command: Command) -> Command:
    """The folder and the device of a run: `--out`, `--resume`, `--device`, `--precision` and `--json`."""
    resume = click.option("--resume", is_flag=True, help="Go on with the run in --out.")
    return out_option(resume(device_options(json_option(command))))


def chosen_settings(model: str, config: Path | None, dataset: str) -> FusionSettings:
    """The settings of `--config`, otherwise those published for the data set; an error for an unknown model."""
    from training.fusion.models import spec
    from training.fusion.settings import published, read

    spec(model)
    return read(config) if config else published(model, dataset)
