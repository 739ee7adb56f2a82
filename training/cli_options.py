"""Options and progress bars that the commands of training share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Command = Callable[..., Any]

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the run."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")


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


def noted_progress(shown: bool) -> Progress:
    """Bars on the error output, each with the field `note` after it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not shown)
