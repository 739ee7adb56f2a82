"""`emvas export list`: what can be exported, and with which options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import get_args

import click


@click.command("list", epilog="Example: emvas export list")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def list_exporters(as_json: bool) -> None:
    """Show what can be exported and which options there are."""
    from export.exporters import COMMON, EXPORTERS, Group

    if as_json:
        rows = {
            row.name: {"group": row.group, "reads": row.reads, "options": {**row.options, **COMMON}}
            for row in EXPORTERS.values()
        }
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    text = click.HelpFormatter()
    for group in get_args(Group):
        with text.section(f"emvas export {group} CHECKPOINT"):
            for row in EXPORTERS.values():
                if row.group == group:
                    text.write_dl([(f"--model {row.name}", row.reads)])
                    _write_options(text, row.options)
    with text.section("With every model"):
        _write_options(text, COMMON)
    click.echo(text.getvalue())
    click.echo("Next: emvas export asr|encoder|fusion|onnx CHECKPOINT --into BUNDLE --out BUNDLE2")


def _write_options(text: click.HelpFormatter, options: Mapping[str, str]) -> None:
    if options:
        with text.indentation():
            text.write_dl([(f"--set {key}=", meaning) for key, meaning in options.items()])
