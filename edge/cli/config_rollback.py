"""`emvas config rollback`: the configuration before this one again."""

from __future__ import annotations

from pathlib import Path

import click

from edge.cli.bundle_install import tell
from edge.cli.places import CONFIG_STORE, STATE
from edge.releases.state import State
from edge.releases.store import Store


@click.command(epilog="Example: sudo emvas config rollback")
@click.option(
    "--from", "folder", type=click.Path(path_type=Path), default=STATE / CONFIG_STORE, show_default=True,
    help="Folder of releases.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the new state as JSON.")
def rollback(folder: Path, as_json: bool) -> None:
    """Go back to the configuration that was in use before this one."""
    tell(Store(folder).change(State.rolled_back), folder, as_json)
