"""Whether the wall clock can be trusted."""

from __future__ import annotations

import ctypes
from typing import Literal

_TIME_ERROR = 5
"""adjtimex(2): the return value of a clock that nothing has synchronized."""
_TIMEX_BYTES = 512
"""More than `struct timex` takes on any Linux; all zero it only asks."""


def clock_state() -> Literal["synced", "unsynced"]:
    """Ask the kernel, which every time daemon tells; a system that cannot say counts as unsynced."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError:
        return "unsynced"
    answer = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return "unsynced" if answer in {_TIME_ERROR, -1} else "synced"
