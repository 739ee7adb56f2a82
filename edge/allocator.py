"""What the C library does with memory that is free again: it hands back what a long utterance needed.

glibc raises the size from which a block is mapped on its own up to 32 MiB after the first such block is freed; from
then on large arrays come from heaps that do not shrink, one more for each busy thread. After 216 s the whole box held
53 MB more by that (726 against 673 MB), and a soak of two hours rose by 32 MB at one utterance and stayed there.
"""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's numbers, malloc.h."""
_MAPPED_BYTES = 4 << 20
"""Above every tensor of a frame's nets, so that no frame pays for fresh pages; below those of the speech model."""
_KEPT_BYTES = 32 << 20
"""Free memory at a heap's end that it keeps: with glibc's 128 KiB a frame gave its memory back and took it again a
thousand pages at a time, 13.1 ms for its nets instead of 10.5."""
_HEAPS = 2


def give_memory_back() -> bool:
    """Set glibc's allocator for a process that looks at pictures for long; call before threads start.

    Returns:
        Whether it took effect: another C library has other ways and is left alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = ((_M_MMAP_THRESHOLD, _MAPPED_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_ARENA_MAX, _HEAPS))
    return all(libc.mallopt(option, value) == 1 for option, value in settings)
