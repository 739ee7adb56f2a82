"""`emvas config install`: a configuration onto this box, on trial like a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from edge.cli.bundle_install import tell
from edge.cli.places import CONFIG, CONFIG_STORE, RELEASES, store_at


@click.command(epilog="Example: sudo emvas config install bus-cab.yaml")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=RELEASES / CONFIG_STORE, show_default=True,
    help="Folder of releases.",
)  # fmt: skip
@click.option(
    "--place", type=click.Path(path_type=Path), default=CONFIG, show_default=True,
    help="What the box reads: becomes a link to the release in use.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the new state as JSON.")
def install(source: Path, folder: Path, place: Path, as_json: bool) -> None:
    """Install the configuration SOURCE.

    It is checked as at any start, then one link is swapped; a file that was written by hand is kept as the way back.
    The new one is on trial as a bundle is (`emvas bundle install --help`).
    """
    from edge.config.install import install_config

    tell(install_config(source, store_at(folder), place), folder, as_json)
