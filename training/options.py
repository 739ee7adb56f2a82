"""Options that the commands of training share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


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
