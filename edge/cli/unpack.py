"""`emvas unpack`: the configurations, recipes and guides of the package as files of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from edge.error import EmvasError


class UnpackError(EmvasError):
    """The files cannot be put there."""


@click.command(epilog="Example: emvas unpack emvas")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def unpack(folder: Path) -> None:
    """Write `configs/` and `docs/`, which the commands and guides name, into FOLDER; nothing is overwritten."""
    from edge.shipped import CONFIGS, GUIDES

    try:
        shutil.copytree(CONFIGS, folder / "configs")
        (folder / "docs").mkdir()
        for page in sorted(GUIDES.glob("*.md")):
            shutil.copy(page, folder / "docs")
    except FileExistsError as error:
        raise UnpackError(f"{error.filename} is there already and stays as it is: name another folder") from error
    except OSError as error:
        raise UnpackError(f"{folder} cannot be written: {error.strerror or error}") from error
    click.echo(f"{folder}/configs: configurations, and the recipe of the whole bundle; {folder}/docs: the guides")
    click.echo(f"Next: cd {folder} && emvas devices && emvas run --config configs/desk.yaml")
