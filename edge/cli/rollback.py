"""Going back to the release before this one: the command of each kind of release."""

from __future__ import annotations

from pathlib import Path

import click

from edge.cli.bundle_install import tell
from edge.cli.places import RELEASES, store_at
from edge.releases.state import State


def rollback_command(group: str, what: str, store: str) -> click.Command:
    """The command of one kind of release."""

    @click.command("rollback", epilog=f"Example: sudo emvas {group} rollback")
    @click.option(
        "--from", "folder", type=click.Path(path_type=Path), default=RELEASES / store, show_default=True,
        help="Folder of releases.",
    )  # fmt: skip
    @click.option("--json", "as_json", is_flag=True, help="Print the new state as JSON.")
    def rollback(folder: Path, as_json: bool) -> None:
        tell(store_at(folder).change(State.rolled_back), folder, as_json)

    rollback.help = f"Go back to the {what} that was in use before this one."
    return rollback
