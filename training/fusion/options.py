"""Options that the commands of fusion training share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

DATASETS = click.Choice(["sims", "simsv2", "mosi", "mosei"])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Features: .npz of `emvas features`, or a .pkl of MMSA.",
)


def device_options(command: Command) -> Command:
    """`--device` and `--precision`."""
    precision = click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        default="auto",
        show_default=True,
        help="Numbers to calculate with; auto is mixed precision on a GPU.",
    )
    device = click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        show_default=True,
        help="Where to calculate; auto is a GPU where there is one.",
    )
    return device(precision(command))
