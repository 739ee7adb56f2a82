"""Write what a benchmark found: figures as JSON, pages and tables in Markdown, rows on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from export.report.machine import machine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_text(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_json(path: Path, figures: Any) -> None:
    """Write figures as JSON."""
    write_text(path, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def write_page(folder: Path, name: str, figures: Any, page: str) -> None:
    """Write NAME.json and NAME.md into `folder`."""
    write_json(folder / f"{name}.json", figures)
    write_text(folder / f"{name}.md", page)


def markdown_table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def show_rows(
    heads: Sequence[str], rows: Sequence[DataclassInstance], out: Path | None, name: str, **about: Any
) -> None:
    """Print the rows under `heads`; write them to `out`, if given, as list `name` beside the machine and `about`."""
    table = Table(*heads)
    for row in rows:
        table.add_row(*map(str, asdict(row).values()))
    Console().print(table)
    if out:
        write_json(out, {"machine": machine(), **about, name: [asdict(row) for row in rows]})
