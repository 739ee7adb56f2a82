"""`emvas export list`: what can be exported, and with which options."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table


@click.command("list", epilog="Example: emvas export list")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def list_exporters(as_json: bool) -> None:
    """Show what can be exported and which options there are."""
    from export.exporters import COMMON, EXPORTERS

    if as_json:
        rows = {
            row.name: {"group": row.group, "reads": row.reads, "options": {**row.options, **COMMON}}
            for row in EXPORTERS.values()
        }
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("command", "--model", "reads", "options (--set key=value)", show_lines=True)
    for row in EXPORTERS.values():
        options = "\n".join(f"{key}: {meaning}" for key, meaning in row.options.items())
        table.add_row(f"emvas export {row.group}", row.name, escape(row.reads), escape(options))
    console = Console()
    console.print(table)
    console.print(escape("every exporter: " + "; ".join(f"{key}: {meaning}" for key, meaning in COMMON.items())))
    click.echo("Next: emvas export asr|encoder|fusion CHECKPOINT --into BUNDLE --out BUNDLE2")
