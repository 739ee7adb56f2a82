from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_PROBE = """
import ctypes, sys
from edge.runtime.allocator import give_memory_back
if sys.argv[1] == "set":
    assert give_memory_back()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
libc.free(libc.malloc(30 << 20))  # from here on glibc takes blocks of up to 30 MiB from its heap
before = resident()
blocks = [libc.malloc(8 << 20) for _ in range(6)]
last = libc.malloc(1 << 12)  # keeps the heap's end from shrinking
for block in blocks:
    ctypes.memset(block, 1, 8 << 20)
    libc.free(block)
print((resident() - before) >> 20)
"""


def _kept_mib(mode: str) -> int:
    return int(subprocess.run([sys.executable, "-c", _PROBE, mode], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_large_blocks_go_back_to_the_system_when_they_are_free() -> None:
    assert _kept_mib("leave") >= 40
    assert _kept_mib("set") <= 8
