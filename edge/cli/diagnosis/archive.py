"""The archive: every part cleaned of secrets, and a list of what is in it."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

from edge.cli.diagnosis.parts import NOT_IN_IT, PARTS, Box, Part
from edge.cli.diagnosis.secrets import cleaned, known_secrets

_MODE = 0o600
"""Its owner reads it; whom it is sent to is the owner's choice."""


def write_archive(box: Box, out: Path, progress: Callable[[str], None]) -> dict[str, str | None]:
    """Write `out` (.tar.gz) whole or not at all; return each part with why it is not there, None where it is.

    Raises:
        OSError: `out` cannot be written.
    """
    secrets, stamp_s = known_secrets(box.config), int(time.time())
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
                        _add(archive, f"{folder}/{part.name}", text, stamp_s)
                _add(archive, f"{folder}/contents.txt", contents(missing), stamp_s)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return missing


def contents(missing: dict[str, str | None]) -> str:
    """What is in the archive and what is not, in words."""
    lines = ["In it:"]
    lines += [f"  {part.name}: {part.meaning}" for part in PARTS if missing[part.name] is None]
    lines += ["Could not be had:"] if any(missing.values()) else []
    lines += [f"  {name}: {why}" for name, why in missing.items() if why is not None]
    return "\n".join([*lines, f"Never in it: {NOT_IN_IT}.", ""])


def _gathered(part: Part, box: Box, secrets: list[str]) -> tuple[str, str | None]:
    try:
        return cleaned(part.gather(box), secrets), None
    except (OSError, ValueError, sqlite3.Error, subprocess.SubprocessError) as error:
        return "", cleaned(" ".join(str(error).split()) or type(error).__name__, secrets)


def _add(archive: tarfile.TarFile, name: str, text: str, stamp_s: int) -> None:
    data = text.encode()
    item = tarfile.TarInfo(name)
    item.size, item.mode, item.mtime = len(data), _MODE, stamp_s
    archive.addfile(item, io.BytesIO(data))
