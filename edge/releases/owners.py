"""Whether a folder is safe to work in: root never writes where somebody else may put links in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def foreign_hand(folder: Path) -> str | None:
    """Who else may change what root finds below `folder`, in words; None: nobody, or this process is not root's.

    All folders on the way count, as whoever may write in one may exchange what is in it. The sticky bit of `/tmp`
    keeps others from that.
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
