"""The page beside the demo, the report at its end: commands of `emvas` in processes of their own."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from edge.error import EmvasError

_EMVAS = (sys.executable, "-c", "from edge.cli.main import main; main()")
_START_S = 60.0
"""Patience with the dashboard's start on a machine that is busy."""
_STOP_S = 5.0
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
"""One of these is set where a browser has somewhere to show a page."""


class ProcessError(EmvasError):
    """A command did not do what it was started for."""


@contextlib.contextmanager
def beside(timeline: Path, port: int, out: Path, console: Console) -> Iterator[str]:
    """Serve the page of `timeline` for as long as `with` lasts, and open it where there is a screen.

    Gives its address, empty where the extra `dashboard` is not installed, which is told.

    Raises:
        ProcessError: it does not come up.
    """
    if find_spec("nicegui") is None:
        console.print("Without page and report: pip install 'emvas-edge[dashboard]' brings them.", style="yellow")
        yield ""
        return
    with _dashboard(timeline, port, out / "dashboard.log") as address:
        console.print(f"Dashboard: {address} (while this runs)", style="bold")
        if any(os.environ.get(name) for name in _SCREENS):
            webbrowser.open(address)
        yield address


def stay(address: str, most_s: float, console: Console) -> None:
    """Leave the page there until Enter is pressed, where somebody can: at a terminal."""
    if not sys.stdin.isatty():
        return
    console.print(f"The page stays for {most_s:.0f} s, or until Enter: {address}", style="bold")
    select.select([sys.stdin], [], [], most_s)


@contextlib.contextmanager
def _dashboard(timeline: Path, port: int, log: Path) -> Iterator[str]:
    port = port if _free(port) else _free_port()
    address = f"http://127.0.0.1:{port}/"
    with log.open("wb") as output:
        command = (*_EMVAS, "dashboard", "--timeline", str(timeline), "--port", str(port))
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(address, process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def report(jsonl: Path, page: Path) -> None:
    """Write the report of a recording.

    Raises:
        ProcessError: `emvas report` failed.
    """
    command = (*_EMVAS, "report", str(jsonl), "--out", str(page))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ProcessError(f"no report: {done.stderr.strip()}")


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(address, timeout=_STOP_S).close()
            return
        time.sleep(0.2)
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise ProcessError(f"the dashboard does not answer at {address}: {' '.join(tail) or 'it says nothing'}")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
