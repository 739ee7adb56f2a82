"""A real Mosquitto that can be killed; it keeps sessions and messages across restarts."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from edge.error import EmvasError

_START_S = 20.0


class NoBrokerError(EmvasError):
    """There is no Mosquitto here, or it does not start."""


class Mosquitto:
    """One broker on a free loopback port from `with` to its end."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        """`settings` are further lines of its configuration.

        Raises:
            NoBrokerError: Mosquitto is not installed.
        """
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise NoBrokerError("Mosquitto is not installed: apt install mosquitto")
        self.port = _free_port()
        self._log = folder / "mosquitto.log"
        conf = folder / "mosquitto.conf"
        lines = ("user root", f"listener {self.port} 127.0.0.1", "allow_anonymous true", settings)
        conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._command = [program, "-c", str(conf)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Raises NoBrokerError when it does not answer."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until_s = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until_s:
                raise NoBrokerError(f"Mosquitto does not start; it says in {self._log}: {self._log.read_text()[-500:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Signal 9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
