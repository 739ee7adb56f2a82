"""File systems of their own: one in memory, which a test fills to the last byte, and a card that fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, size_mb: int = 24) -> Iterator[Path]:
    """Mounted at `folder` for as long as the block; a test without root is skipped."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "none", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take the last byte; return the file that holds it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while stream.write(b"\0" * size) == size:
                    pass
    assert os.statvfs(disk).f_bavail == 0
    return ballast


@contextlib.contextmanager
def failing_card(folder: Path, size_mb: int = 24) -> Iterator[Callable[[], object]]:
    """An ext4 at `folder`, and what makes it turn read-only with its files open, as a card does whose journal fails."""
    folder.mkdir()
    image = folder.with_name(f"{folder.name}.img")
    image.write_bytes(b"")
    os.truncate(image, size_mb << 20)
    for words in (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(folder)]):
        if not shutil.which(words[0]) or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("mounting a file needs root, e2fsprogs and a loop device")
    try:
        yield partial(subprocess.run, ["mount", "-o", "remount,abort", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
