"""`emvas diagnose`: everything that helps to find out what is wrong with a box, without secrets and without persons."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from edge.cli.setup import BUNDLE_HELP, bundle_folder, state_folder
from edge.error import EmvasError
from edge.process import own_files


class DiagnosisError(EmvasError):
    """The archive cannot be written."""


@click.command(epilog="\b\nExample:\n  emvas diagnose --config /etc/emvas/edge.yaml --out bus-042.tar.gz")
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML of the box.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of timeline and outbox; default: the service's.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The archive, .tar.gz.")
@click.option("--json", "as_json", is_flag=True, help="Say what is in it as JSON.")
def diagnose(config_path: Path, bundle: Path | None, state: Path | None, out: Path, as_json: bool) -> None:
    """Write an archive to send to whoever helps: versions, settings, checks, log, devices, temperatures, databases.

    Secrets are replaced by ***; pictures, sound, words and figures about persons are not in it. Read it before you
    send it: it names this box, its site and its network addresses.
    """
    from edge.cli.diagnosis.archive import contents, write_archive
    from edge.cli.diagnosis.parts import Box
    from edge.cli.places import STATE
    from edge.cli.units import is_installed
    from edge.config import load_config

    own_files()
    config = load_config(config_path)
    folder = state or (STATE if is_installed() else state_folder())
    box = Box(config_path, config, bundle_folder(config, bundle), folder)
    try:
        with Console(stderr=True).status("gathering") as status:
            missing = write_archive(box, out, lambda name: status.update(f"gathering {name}"))
    except OSError as error:
        raise DiagnosisError(f"{out} cannot be written: {error.strerror or error}") from error
    if as_json:
        click.echo(json.dumps({"out": str(out), "missing": {k: why for k, why in missing.items() if why}}))
        return
    click.echo(f"{out} written.\n{contents(missing)}Next: read it (tar -xzf {out}), then send it to whoever helps.")
