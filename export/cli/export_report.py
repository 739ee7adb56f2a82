"""`emvas export report`: one model card per role."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress


@click.command(epilog="Example: emvas export report build/bundle --out docs/models")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the cards.")
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON.")
def report(folder: Path, out: Path, as_json: bool) -> None:
    """Write model cards, Markdown and JSON, of the bundle in FOLDER; every variant is run and timed on this machine."""
    from edge.bundle.bundle import Bundle
    from edge.bundle.selftest import check_variant
    from export.report.card import role_card
    from export.report.machine import machine
    from export.report.render import INDEX, write_cards

    bundle = Bundle(folder)
    roles = bundle.manifest.roles
    cards, here = [], machine()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=len(roles))
        for name, role in roles.items():
            checks = [check for variant in role.variants for check in check_variant(bundle, name, variant)]
            cards.append(role_card(bundle, name, checks, here))
            progress.advance(task)
    written = write_cards(cards, out)
    if as_json:
        click.echo(json.dumps([str(path) for path in written]))
        return
    click.echo(f"{len(cards)} cards in {out}")
    click.echo(f"Next: read {out / INDEX}")
