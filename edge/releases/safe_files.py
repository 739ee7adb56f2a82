"""Safe work on files: a power cut leaves the old file or the new one, and root never follows another user's link.

A new file gets an unpredictable name and is never opened through a link (`mkstemp`: O_EXCL and O_NOFOLLOW).
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

_FOLDER_MODE, _FILE_MODE = 0o750, 0o640


_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def share_tree(path: Path, group: int) -> None:
    """Let only the owner and the group with this number read the file, or the folder with its contents."""
    if path.is_symlink():
        return
    os.chown(path, -1, group, follow_symlinks=False)
    if not path.is_dir():
        path.chmod(_FILE_MODE)
        return
    path.chmod(_FOLDER_MODE)
    for inner in path.iterdir():
        share_tree(inner, group)


def sync(path: Path) -> None:
    """Wait until the file or folder (its names) is on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(path: Path) -> None:
    """`sync` of a file, or of a folder with everything in it."""
    if path.is_dir():
        for inner in path.iterdir():
            sync_tree(inner)
    sync(path)


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Write `text` in place of what is there."""
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    sync(path.parent)


def replace_link(path: Path, target: Path) -> None:
    """Make `path` a symbolic link to `target`, in place of the link or file that is there."""
    if path.is_symlink() and path.readlink() == target:
        return
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    unfinished.symlink_to(target)
    try:
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(path.parent)


def unsafe_owner(folder: Path) -> str | None:
    """Which other user may change what root finds below `folder`; None: no other, or this process is not root.

    All folders of the path count, because a user who may write in one can replace its contents. The sticky bit of
    `/tmp` prevents that.
    """
    if os.geteuid() != 0:
        return None
    for path in dict.fromkeys((*_way(folder.absolute()), *_way(folder.resolve()))):
        try:
            about = path.lstat()
        except FileNotFoundError:
            continue
        if about.st_uid != 0:
            return f"{path} belongs to user {about.st_uid}"
        link_or_sticky = stat.S_ISLNK(about.st_mode) or (about.st_mode & stat.S_ISVTX and path != folder)
        if about.st_mode & _OTHERS_WRITE and not link_or_sticky:
            return f"{path} may be written by others than root"
    return None


def _way(folder: Path) -> tuple[Path, ...]:
    return (*reversed(folder.parents), folder)
