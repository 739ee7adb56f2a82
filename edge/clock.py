"""The kernel's clocks: the monotonic one is right about lengths, the wall clock only once it was synchronized."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

_TIME_ERROR = 5
"""adjtimex(2): the return value of a clock that nothing has synchronized."""
_TIMEX_BYTES = 512
"""More than `struct timex` takes on any Linux; all zero it only asks."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the kernel, that is of its monotonic clock (random(4))."""

ClockState = Literal["synced", "unsynced"]


def clock_state() -> ClockState:
    """Ask the kernel, which every time daemon tells; a system that cannot say counts as unsynced."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError:
        return "unsynced"
    answer = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return "unsynced" if answer in {_TIME_ERROR, -1} else "synced"


@cache
def kernel_boot() -> str:
    """Names the monotonic clock that runs now; empty where the system does not say."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of one machine; a test gives its own."""

    mono_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    state: Callable[[], ClockState] = clock_state
    boot: Callable[[], str] = kernel_boot


SYSTEM = Clocks()
"""This machine's."""

_ASK_EVERY_S = 1.0


@dataclass(slots=True)
class Sync:
    """Waits until the wall clock becomes trusted."""

    clocks: Clocks = SYSTEM
    waiting: bool = True
    """Whether the clock was untrusted so far."""
    _asked_s: float = field(default=float("-inf"))

    def offset_s(self) -> float | None:
        """Unix time of the monotonic zero, once, when the clock has just become trusted; else None. Cheap to call."""
        now_s = self.clocks.mono_s()
        if not self.waiting or now_s - self._asked_s < _ASK_EVERY_S:
            return None
        self._asked_s = now_s
        if self.clocks.state() == "unsynced":
            return None
        self.waiting = False
        return self.clocks.wall_s() - now_s
