"""`emvas uninstall`: the services off this machine; data stays unless it is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from edge.cli.install import refuse_if_not_possible
from edge.cli.places import CACHE, CONFIG, RELEASES, STATE
from edge.cli.units import ENGINES, SERVICES, Machine, remove_files


@click.command(epilog="Example: sudo emvas uninstall")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An image's root folder.")
@click.option("--purge", is_flag=True, help="Also delete timeline, outbox, bundles, engines, configuration and keys.")
def uninstall(root: Path | None, purge: bool) -> None:
    """Stop and remove the services. What the box recorded and its configuration stay, unless --purge is given."""
    machine = Machine(root or Path("/"))
    refuse_if_not_possible(machine)
    units = [name for name in (*SERVICES, ENGINES) if machine.path(Path("/etc/systemd/system") / name).exists()]
    if units:
        machine.tool("systemctl", "disable", *([] if machine.is_image else ["--now"]), *units)
    removed = remove_files(machine)
    for path, outcome in removed:
        click.echo(f"{outcome}: {path}")
    if not machine.is_image:
        machine.tool("systemctl", "daemon-reload")
    for folder in (STATE, RELEASES, CACHE, CONFIG.parent):
        place = machine.path(folder)
        if purge and place.exists():
            shutil.rmtree(place)
            click.echo(f"deleted: {place}")
        elif place.exists():
            click.echo(f"kept: {place} (--purge deletes it)")
    if not removed:
        click.echo("nothing was installed")
    click.echo("Next: pip uninstall emvas-edge; the user emvas stays, as files may still belong to it")
