"""Settings of this process and of its child programs: no telemetry, no core dumps, private files, less memory.

onnxruntime 1.32 writes a device id and a database into the user's cache and resolves its collector's name on import.
`edge`, `export` and `training` therefore set the environment before they import anything else.

glibc raises the size from which it maps a block on its own up to 32 MiB after the first such block is freed. Large
arrays then come from heaps that do not shrink, one more for each busy thread. Because of this, the whole box held 53 MB
more after 216 s (726 against 673 MB), and one utterance raised a soak of two hours by 32 MB for good.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TELEMETRY_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, which transformers, tokenizers and faster-whisper use
    "RAY_USAGE_STATS_ENABLED": "0",  # ray
    "DO_NOT_TRACK": "1",  # respected by many other libraries (https://consoledonottrack.com)
}
"""Environment variables that each library reads, and the value that switches its telemetry off."""
_PR_SET_DUMPABLE = 4
"""prctl(2): 0 prevents core dumps and reads of this process's memory by other processes of the same user."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's numbers, malloc.h."""
_MAPPED_BYTES = 4 << 20
"""Above every tensor of a frame's networks, so that frames reuse their pages; below those of the speech model."""
_KEPT_BYTES = 32 << 20
"""Free memory that glibc keeps at a heap's end. With its default of 128 KiB each frame returned its memory and took it
again a thousand pages at a time: 13.1 ms for its networks instead of 10.5."""
_HEAPS = 2


def disable_telemetry() -> None:
    """Switch telemetry off in this process and in those that it starts."""
    os.environ.update(TELEMETRY_SWITCHES)


def no_dumps() -> None:
    """Prevent crashes from writing frames and audio to the disk; a core_pattern with a pipe ignores the limit."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def own_files() -> None:
    """Make new files readable for this user only, whatever the shell's umask is."""
    os.umask(0o077)


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Give root the rights of the folder's owner, so that links lead no further and new files belong to the owner."""
    try:
        about = folder.stat()
    except OSError:
        about = None
    if about is None or os.geteuid() != 0 or about.st_uid == 0:
        yield
        return
    os.setegid(about.st_gid)
    os.seteuid(about.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give_memory_back() -> bool:
    """Configure glibc's allocator for a process that looks at frames for hours; call before threads start.

    Returns:
        Whether it took effect: other C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = ((_M_MMAP_THRESHOLD, _MAPPED_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_ARENA_MAX, _HEAPS))
    return all(libc.mallopt(option, value) == 1 for option, value in settings)


def python_command(code: str) -> list[str]:
    """The command that runs `code` in a new Python process with this one's import path.

    `-I`: neither the working folder, which anybody may own while root is at work, nor a variable of the environment
    adds a place to import from.
    """
    return [sys.executable, "-I", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
