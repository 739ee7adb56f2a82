"""The runs that a database holds rows of: when each began, so that its rows' times can be put right later.

A row holds its run and the time since that run began, which no wall clock moves. A run that began before the clock was
synchronized gets its right beginning afterwards, and with it all its rows, in one change; also after a restart of the
program, as long as the kernel (its `boot`) is the same.
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
"""adjtimex(2): the return value of a clock that nothing has synchronized."""
_TIMEX_BYTES = 512
"""More than `struct timex` takes on any Linux; all zero it only asks."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one after each start of the kernel, that is of its monotonic clock (random(4))."""

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


@dataclass(frozen=True, slots=True)
class Start:
    """When a run began."""

    name: str
    boot: str
    """Names the kernel's monotonic clock (`edge.run_registry.kernel_boot`)."""
    mono_s: float
    wall_s: float
    """Unix time at `t_s` 0 as far as it is known."""
    clock: Literal["synced", "unsynced", "corrected"]

    @classmethod
    def now(cls, name: str, clocks: Clocks = SYSTEM) -> Start:
        """A run that begins: both clocks, and whether the wall clock may be trusted, read together.

        A clock that is set a moment later, while models are loaded, so cannot pass for one that was right.
        """
        state = clocks.state()
        mono_s, wall_s = clocks.mono_s(), clocks.wall_s()
        trusted = state == clocks.state() == "synced"
        return cls(name, clocks.boot(), mono_s, wall_s, "synced" if trusted else "unsynced")


def session_name(box_id: str) -> str:
    """Names one run for ever; a clock that is not set may say 1970 at each start."""
    return f"{box_id}-{int(time.time())}-{secrets.token_hex(2)}"


def started(name: str, wall_s: float, clocks: Clocks = SYSTEM) -> Start:
    """A run whose wall time (Unix) at `t_s` 0 is known whatever the clock says now, as that of a recording."""
    now = Start.now(name, clocks)
    return replace(now, mono_s=now.mono_s - (now.wall_s - wall_s), wall_s=wall_s)


def begin(connection: sqlite3.Connection, start: Start) -> int:
    """Note a run and return the number that its rows carry."""
    cursor = connection.execute(
        "INSERT INTO session (name, boot, mono_s, wall_s, clock) VALUES (?, ?, ?, ?, ?)",
        (start.name, start.boot, start.mono_s, start.wall_s, start.clock),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_right(connection: sqlite3.Connection, boot: str, offset_s: float) -> int:
    """Correct all untrusted runs of the kernel that runs now; `offset_s` is the Unix time of its monotonic zero.

    Returns how many runs were corrected.
    """
    return connection.execute(
        "UPDATE session SET wall_s = mono_s + ?, clock = 'corrected' WHERE boot = ? AND clock = 'unsynced'",
        (offset_s, boot),
    ).rowcount


def corrected(connection: sqlite3.Connection) -> dict[str, float]:
    """The right Unix time at `t_s` 0 of each run that was corrected, by its name."""
    return dict(connection.execute("SELECT name, wall_s FROM session WHERE clock = 'corrected' ORDER BY id").fetchall())


class RunClock:
    """Started when made."""

    def __init__(self, session: str = "run") -> None:
        self.start = Start.now(session)
        """When the run of that name began, by all of the machine's clocks."""

    def now_s(self) -> float:
        """Seconds since start; no change of the wall clock moves it."""
        return time.monotonic() - self.start.mono_s
