"""A virtual speaker: a private pulseaudio that takes audio as fast as a real device does."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.error import EmvasError

_START_S = 10.0
_OPTIONS = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no", "--high-priority=no")


@contextmanager
def virtual_speaker(folder: Path) -> Iterator[dict[str, str]]:
    """What a process needs in its environment to play to it, as the device `pulse`.

    Raises:
        EmvasError: pulseaudio is not installed, or does not start.
    """
    if shutil.which("pulseaudio") is None:
        raise EmvasError("a virtual speaker needs: apt install pulseaudio libasound2-plugins")
    socket = folder / "pulse.sock"
    environment = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    modules = (f"module-native-protocol-unix auth-anonymous=1 socket={socket}", "module-null-sink sink_name=cab")
    loads = [word for module in modules for word in ("-L", module)]
    with (folder / "pulse.log").open("wb") as log:
        process = subprocess.Popen(
            ["pulseaudio", *_OPTIONS, *loads], env={**os.environ, **environment}, stdout=log, stderr=log
        )
    try:
        until_s = time.monotonic() + _START_S
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > until_s:
                raise EmvasError(f"pulseaudio does not start: {(folder / 'pulse.log').read_text()[-400:]}")
            time.sleep(0.05)
        yield environment
    finally:
        process.terminate()
        process.wait()
