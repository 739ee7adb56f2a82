"""Reports to systemd: ready, alive, status, stopping (sd_notify(3)), and a test hook that makes a stage hang.

Without systemd these reports are not sent. `EMVAS_TEST_FREEZE=vision:20` is for tests of the watchdog only.
"""

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
"""Signs of life in one WatchdogSec; sd_watchdog_enabled(3) recommends at least two."""
VARIABLE = "EMVAS_TEST_FREEZE"
"""`STAGE:SECONDS`: from so many seconds after the start on, the next call of that stage never returns."""


class Notifier:
    """The socket that systemd gives to a service of Type=notify."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(environment.get("WATCHDOG_USEC", "0")) / _USEC_PER_S if for_us else 0.0
        """The longest time without a sign of life; 0: no watchdog."""

    def send(self, **words: str) -> None:
        """Send each keyword as one assignment, its name in capitals."""
        if self._socket is None:
            return
        text = "\n".join(f"{name.upper()}={' '.join(word.split())}" for name, word in words.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:  # the box goes on; systemd misses its sign of life and restarts it
            _log.warning("systemd did not receive %s: %s", text, error)


class Watchdog:
    """Called by the deciding loop: its calls prove that results arrive and are handled."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._ready = False
        self._status = ""
        self._due_s = 0.0

    def turn(self, now_s: float, ready: bool, stuck: bool, status: str) -> None:
        """Report changes at `now_s`; while a stage is `stuck` there is no sign of life."""
        if status != self._status:
            self._status = status
            self._notifier.send(status=status)
        if ready and not self._ready:
            self._ready = True
            self._notifier.send(ready="1")
        if self._notifier.watchdog_s and not stuck and now_s >= self._due_s:
            self._due_s = now_s + self._notifier.watchdog_s / _BEATS
            self._notifier.send(watchdog="1")

    def stopping(self) -> None:
        """The box stops normally."""
        self._notifier.send(stopping="1", status="stopping")

    def failed(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """An `__exit__` that shows in `systemctl status` why the box could not run."""
        if isinstance(error, EmvasError):
            self._notifier.send(status=str(error))

    def give_up(self, why: str) -> None:
        """A stage hangs: systemd must restart the service, as if it showed no sign of life."""
        self._notifier.send(status=why, watchdog="trigger")


class FreezeError(EmvasError):
    """The variable has the wrong form."""


def freezer(now: Callable[[], float], environment: Mapping[str, str] = os.environ) -> Callable[[str], None] | None:
    """The function to call with a stage's name before each of its calls; None without the variable.

    Raises:
        FreezeError: the variable is not of the form `vision:20`.
    """
    setting = environment.get(VARIABLE)
    if setting is None:
        return None
    stage, _, seconds = setting.partition(":")
    try:
        from_s = float(seconds)
    except ValueError:
        raise FreezeError(f"{VARIABLE} is {setting!r}; give a stage and seconds, as in vision:20") from None

    def freeze(name: str) -> None:
        while name == stage and now() >= from_s:
            time.sleep(1.0)

    return freeze
