"""Rows of figures, all of one kind: on the screen, and in a file with the machine that they were measured on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from export.report.machine import machine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def show(heads: Sequence[str], rows: Sequence[DataclassInstance], out: Path | None, name: str, **about: Any) -> None:
    """Print the rows under `heads`; write them to `out`, where one is given, as list `name` beside `about`."""
    table = Table(*heads)
    for row in rows:
        table.add_row(*map(str, asdict(row).values()))
    Console().print(table)
    if out:
        report = {"machine": machine(), **about, name: [asdict(row) for row in rows]}
        out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
