"""Runs and their clocks: when each run of the box began, so that the times of its rows can be corrected later.

The kernel's monotonic clock measures lengths; its wall clock is trusted only after synchronization. A database row
holds its run and the time since the start of that run, which changes of the wall clock do not affect. A run that began
before the synchronization gets its true start afterwards, and so do all its rows. This also works after a restart of
the program while the kernel (its `boot`) stays the same.
"""

from __future__ import annotations

import ctypes
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

_TIME_ERROR = 5
"""adjtimex(2): the return value of a clock that is not synchronized."""
_TIMEX_BYTES = 512
"""More than the size of `struct timex` on any Linux; all zeros only read the state."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Changes at each start of the kernel, and so of its monotonic clock (random(4))."""

ClockState = Literal["synced", "unsynced"]
_ASK_EVERY_S = 1.0
SESSIONS = """
CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    boot TEXT NOT NULL,
    mono_s REAL NOT NULL,
    wall_s REAL NOT NULL,
    clock TEXT NOT NULL
);
"""
"""`mono_s`, `wall_s`: the kernel's monotonic clock and Unix time at `t_s` 0; `clock`: synced, unsynced, corrected."""


def clock_state() -> ClockState:
    """The kernel's state, which every time daemon sets; a system without it counts as unsynced."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError:
        return "unsynced"
    answer = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return "unsynced" if answer in {_TIME_ERROR, -1} else "synced"


@cache
def kernel_boot() -> str:
    """The id of the running monotonic clock; empty where the system does not give one."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of one machine; tests replace them."""

    mono_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    state: Callable[[], ClockState] = clock_state
    boot: Callable[[], str] = kernel_boot


SYSTEM = Clocks()
"""The clocks of this machine."""


@dataclass(slots=True)
class Sync:
    """Detects when the wall clock becomes trusted."""

    clocks: Clocks = SYSTEM
    waiting: bool = True
    """Whether the clock was untrusted so far."""
    _asked_s: float = field(default=float("-inf"))

    def offset_s(self) -> float | None:
        """Unix time of the monotonic zero, once, when the clock becomes trusted; else None. Cheap to call."""
        now_s = self.clocks.mono_s()
        if not self.waiting or now_s - self._asked_s < _ASK_EVERY_S:
            return None
        self._asked_s = now_s
        if self.clocks.state() == "unsynced":
            return None
        self.waiting = False
        return self.clocks.wall_s() - now_s


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a run."""

    name: str
    boot: str
    """Id of the kernel's monotonic clock (`kernel_boot`)."""
    mono_s: float
    wall_s: float
    """Unix time at `t_s` 0, as far as it is known."""
    clock: Literal["synced", "unsynced", "corrected"]

    @classmethod
    def now(cls, name: str, clocks: Clocks = SYSTEM) -> Start:
        """A run that begins now: both clocks and the trust in the wall clock, read together.

        A clock that is set a moment later, while models load, therefore does not count as synchronized.
        """
        state = clocks.state()
        mono_s, wall_s = clocks.mono_s(), clocks.wall_s()
        trusted = state == clocks.state() == "synced"
        return cls(name, clocks.boot(), mono_s, wall_s, "synced" if trusted else "unsynced")


def session_name(box_id: str) -> str:
    """A unique name of one run; the random part helps when an unset clock shows 1970 at each start."""
    return f"{box_id}-{int(time.time())}-{secrets.token_hex(2)}"


def started(name: str, wall_s: float, clocks: Clocks = SYSTEM) -> Start:
    """A run whose Unix time at `t_s` 0 is known, as that of a recording."""
    now = Start.now(name, clocks)
    return replace(now, mono_s=now.mono_s - (now.wall_s - wall_s), wall_s=wall_s)


def begin(connection: sqlite3.Connection, start: Start) -> int:
    """Insert a run and return its row id."""
    cursor = connection.execute(
        "INSERT INTO session (name, boot, mono_s, wall_s, clock) VALUES (?, ?, ?, ?, ?)",
        (start.name, start.boot, start.mono_s, start.wall_s, start.clock),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_right(connection: sqlite3.Connection, boot: str, offset_s: float) -> int:
    """Correct all untrusted runs of the running kernel; `offset_s` is the Unix time of its monotonic zero.

    Returns the number of corrected runs.
    """
    return connection.execute(
        "UPDATE session SET wall_s = mono_s + ?, clock = 'corrected' WHERE boot = ? AND clock = 'unsynced'",
        (offset_s, boot),
    ).rowcount


def corrected(connection: sqlite3.Connection) -> dict[str, float]:
    """The corrected Unix time at `t_s` 0 of each corrected run, by its name."""
    return dict(connection.execute("SELECT name, wall_s FROM session WHERE clock = 'corrected' ORDER BY id").fetchall())


class RunClock:
    """The clock of one run: seconds since its start, monotonic; it starts when it is created."""

    def __init__(self, session: str = "run") -> None:
        self.start = Start.now(session)
        """The start of the run by all clocks of the machine."""

    def now_s(self) -> float:
        """Seconds since the start; changes of the wall clock do not affect it."""
        return time.monotonic() - self.start.mono_s
