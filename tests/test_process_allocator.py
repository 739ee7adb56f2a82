from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_PROBE = """
import ctypes, resource, sys
from edge.process import give_memory_back
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
kept = (resident() - before) >> 20
libc.free(last)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):  # as the tensors of a frame: taken, written, given back
    block = libc.malloc(1 << 20)
    ctypes.memset(block, 1, 1 << 20)
    libc.free(block)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults)
"""


def _kept_mib_and_faults(mode: str) -> tuple[int, int]:
    words = [sys.executable, "-c", _PROBE, mode]
    kept, faults = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return int(kept), int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_large_blocks_go_back_to_the_system_and_those_of_a_frame_stay() -> None:
    left_mib, _ = _kept_mib_and_faults("leave")
    kept_mib, faults = _kept_mib_and_faults("set")
    assert left_mib >= 40
    assert kept_mib <= 8
    assert faults <= 2 * 256, "a frame's memory is taken from the system again and again"
