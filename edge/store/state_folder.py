"""The folder of the box's files: whether it can be written, and the small files beside the stores."""

from __future__ import annotations

import errno
import logging
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

_OF_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""A full disk is handled by each store, which deletes old records."""


def unusable(folder: Path) -> str:
    """Why nothing can be written in the folder; empty if it can, or if only the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return "" if error.errno in _OF_ROOM else error.strerror or str(error)


def replace_small(path: Path, text: str, otherwise: str) -> bool:
    """Replace a small file of the state folder; return whether that worked.

    `otherwise` says in the log what follows if not. It is not logged if the whole folder fails, which is reported once.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        log_of_file(path, error, otherwise)
        return False
    return True


def log_of_file(path: Path, error: Exception, otherwise: str) -> None:
    """Log the fault of one file, unless it is a fault of the whole folder or a full disk: these are reported once."""
    has_room = not isinstance(error, OSError) or error.errno not in _OF_ROOM
    if has_room and not unusable(path.parent):
        _log.warning("%s: %s: %s", path, otherwise, error)
