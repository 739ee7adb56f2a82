"""A microphone that is not there: a private pulseaudio, which can be killed and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from ctypes.util import find_library
from pathlib import Path

import pytest

needs_pulse = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("pulseaudio", "pactl", "paplay")) or find_library("portaudio") is None,
    reason="a microphone that is not there needs: apt install pulseaudio pulseaudio-utils libasound2-plugins "
    "libportaudio2",
)


class SoundServer:
    """A private pulseaudio whose microphone hears what is played to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_SERVER": f"unix:{folder}/pulse.sock",
        }
        self.all = {**os.environ, **self.environment}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        modules = [
            f"module-native-protocol-unix auth-anonymous=1 socket={self.folder}/pulse.sock",
            "module-null-sink sink_name=vmic rate=16000 channels=1",
            "module-remap-source source_name=mic master=vmic.monitor",
        ]
        options = [
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--realtime=no",
            "--high-priority=no",
        ]
        loads = [word for module in modules for word in ("-L", module)]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["pulseaudio", *options, *loads],
                env=self.all,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline_s = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline_s, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        words = ["pactl", "set-default-source", "mic"]
        return subprocess.run(words, check=False, env=self.all, capture_output=True).returncode == 0

    def play(self, path: Path) -> None:
        words = ["paplay", "--latency-msec=20", "--device=vmic", str(path)]
        subprocess.run(words, env=self.all, check=True, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
