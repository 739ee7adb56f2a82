"""What systemd is told: ready, alive, in which state, stopping (sd_notify(3)); without systemd nothing is sent."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping

from edge.error import EmvasError

_log = logging.getLogger(__name__)

_USEC_PER_S = 1e6
_BEATS = 4
"""Signs of life in one WatchdogSec; sd_watchdog_enabled(3) asks for at least two."""


class Notifier:
    """The socket that systemd names in the environment of a service of Type=notify."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(environment.get("WATCHDOG_USEC", "0")) / _USEC_PER_S if for_us else 0.0
        """The longest time without a sign of life; 0: nobody waits for one."""

    def tell(self, **words: str) -> None:
        """Send each word as one assignment, its name in capitals."""
        if self._socket is None:
            return
        text = "\n".join(f"{name.upper()}={' '.join(word.split())}" for name, word in words.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:  # the box goes on; systemd will miss its sign of life and start it anew
            _log.warning("systemd cannot be told %s: %s", text, error)


class Watchdog:
    """Called by the loop that judges: its calls are the proof that results come and are worked through."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._ready = False
        self._status = ""
        self._due_s = 0.0

    def turn(self, now_s: float, ready: bool, stuck: bool, status: str) -> None:
        """Tell what is new at `now_s`; while a stage is `stuck` there is no sign of life."""
        if status != self._status:
            self._status = status
            self._notifier.tell(status=status)
        if ready and not self._ready:
            self._ready = True
            self._notifier.tell(ready="1")
        if self._notifier.watchdog_s and not stuck and now_s >= self._due_s:
            self._due_s = now_s + self._notifier.watchdog_s / _BEATS
            self._notifier.tell(watchdog="1")

    def stopping(self) -> None:
        """The box ends in order."""
        self._notifier.tell(stopping="1", status="stopping")

    def failed(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """An `__exit__` that leaves the sentence why the box could not run where `systemctl status` shows it."""
        if isinstance(error, EmvasError):
            self._notifier.tell(status=str(error))

    def give_up(self, why: str) -> None:
        """A stage hangs for good: systemd is asked to do what it does to a service that shows no sign of life."""
        self._notifier.tell(status=why, watchdog="trigger")


VARIABLE = "EMVAS_TEST_FREEZE"
"""`STAGE:SECONDS`: from so many seconds after the start on, the next call of that stage never returns."""


class FreezeError(EmvasError):
    """The variable says something else."""


def freezer(now: Callable[[], float], environment: Mapping[str, str] = os.environ) -> Callable[[str], None] | None:
    """What to call with the name of a stage before it works; None without the variable.

    Raises:
        FreezeError: the variable is not of the form `vision:20`.
    """
    order = environment.get(VARIABLE)
    if order is None:
        return None
    stage, _, seconds = order.partition(":")
    try:
        from_s = float(seconds)
    except ValueError:
        raise FreezeError(f"{VARIABLE} is {order!r}; give a stage and seconds, as in vision:20") from None

    def freeze(name: str) -> None:
        while name == stage and now() >= from_s:
            time.sleep(1.0)

    return freeze
