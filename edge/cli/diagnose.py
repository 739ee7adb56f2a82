"""`emvas diagnose`: an archive for support, cleaned of secrets and of data about persons."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from edge.cli.box_folders import BUNDLE_HELP, bundle_folder, state_folder
from edge.cli.diagnosis import NOT_IN_IT, PARTS, Box, Part, cleaned, known_secrets
from edge.error import EmvasError
from edge.process import own_files

_MODE = 0o600
"""Only the owner may read the archive."""


class DiagnosisError(EmvasError):
    """The archive cannot be written."""


@click.command(epilog="\b\nExample:\n  emvas diagnose --config /etc/emvas/edge.yaml --out bus-042.tar.gz")
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML of the box.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of timeline and outbox; default: the service's.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The archive, .tar.gz.")
@click.option("--json", "as_json", is_flag=True, help="Print what is in it as JSON.")
def diagnose(config_path: Path, bundle: Path | None, state: Path | None, out: Path, as_json: bool) -> None:
    """Write an archive to send to support: versions, settings, checks, log, devices, temperatures, databases.

    Secrets are replaced by ***. It holds no frames, audio, transcripts or figures about persons. Read it before you
    send it: it names this box, its site and its network addresses.
    """
    from edge.cli.box_folders import STATE
    from edge.cli.diagnose import contents, write_archive
    from edge.cli.diagnosis import Box
    from edge.cli.install import is_installed
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
    click.echo(f"{out} written.\n{contents(missing)}Next: read it (tar -xzf {out}), then send it to support.")


def write_archive(box: Box, out: Path, progress: Callable[[str], None]) -> dict[str, str | None]:
    """Write `out` (.tar.gz) whole or not at all. Return for each part why it is missing, None where it is there.

    Raises:
        OSError: `out` cannot be written.
    """
    secrets, time_s = known_secrets(box.config), int(time.time())
    folder = out.name.partition(".")[0]
    missing: dict[str, str | None] = {}
    temporary = out.with_name(f".{out.name}.part")
    try:
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                for part in PARTS:
                    progress(part.name)
                    text, missing[part.name] = _gathered(part, box, secrets)
                    if missing[part.name] is None:
                        _add(archive, f"{folder}/{part.name}", text, time_s)
                _add(archive, f"{folder}/contents.txt", contents(missing), time_s)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return missing


def contents(missing: dict[str, str | None]) -> str:
    """The parts of the archive, and what is missing, as text."""
    lines = ["In it:"]
    lines += [f"  {part.name}: {part.meaning}" for part in PARTS if missing[part.name] is None]
    lines += ["Missing:"] if any(missing.values()) else []
    lines += [f"  {name}: {why}" for name, why in missing.items() if why is not None]
    return "\n".join([*lines, f"Never in it: {NOT_IN_IT}.", ""])


def _gathered(part: Part, box: Box, secrets: list[str]) -> tuple[str, str | None]:
    try:
        return cleaned(part.gather(box), secrets), None
    except (OSError, ValueError, sqlite3.Error, subprocess.SubprocessError) as error:
        return "", cleaned(" ".join(str(error).split()) or type(error).__name__, secrets)


def _add(archive: tarfile.TarFile, name: str, text: str, time_s: int) -> None:
    data = text.encode()
    item = tarfile.TarInfo(name)
    item.size, item.mode, item.mtime = len(data), _MODE, time_s
    archive.addfile(item, io.BytesIO(data))
