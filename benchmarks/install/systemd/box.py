"""An installed box in a booted container: its services, their state in systemd, and its published messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.install.systemd.container import CHECKOUT, PROGRAM, Container

UNIT = "emvas-edge.service"
_CAMERA_PORT = 8554
_SITE, _ID = "proof", "box"


def configuration(**models: str) -> str:
    """A driver's box with a network camera and the broker on the same machine."""
    return yaml.safe_dump(
        {
            "purpose": "driver-safety",
            "box": {"site": _SITE, "id": _ID},
            "camera": {"uri": f"http://127.0.0.1:{_CAMERA_PORT}/stream", "fps": 10},
            "microphone": {"device": None},
            "models": models,
            "speech": {"transcribe": False},
            "mqtt": {"host": "127.0.0.1"},
        }
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What `systemctl show` says."""

    state: str
    pid: int
    restarts: int
    result: str


class Box:
    """Commands on the box inside `container`."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def emvas(self, *arguments: str, check: bool = True) -> str:
        """What the command prints."""
        done = self.container.run(PROGRAM, *arguments, check=check)
        return done.stdout + done.stderr

    def facts(self) -> Facts:
        """The service now."""
        names = ["ActiveState", "MainPID", "NRestarts", "Result"]
        text = self.container.run("systemctl", "show", UNIT, *(f"--property={name}" for name in names)).stdout
        known = dict(line.split("=", 1) for line in text.splitlines())
        return Facts(known["ActiveState"], int(known["MainPID"]), int(known["NRestarts"]), known["Result"])

    def alive(self, pid: int) -> bool:
        """Whether a process is there."""
        return self.container.run("kill", "-0", str(pid), check=False).returncode == 0

    def until(self, condition: Callable[[Facts], bool], most_s: float) -> float:
        """Seconds until `condition` holds; TimeoutError with the journal's end when it does not."""
        began_s = time.monotonic()
        while not condition(known := self.facts()):
            if time.monotonic() - began_s > most_s:
                raise TimeoutError(f"{known} after {most_s} s")
            time.sleep(0.1)
        return time.monotonic() - began_s

    def journal(self, lines: int) -> str:
        """The last lines of the service's journal."""
        return self.container.run("journalctl", "-u", UNIT, "-n", str(lines), "--no-pager", "-o", "cat").stdout

    def status(self) -> str:
        """The box's retained status, as a subscriber gets it: `online`, `stopped` or `offline`."""
        topic = f"emvas/{_SITE}/{_ID}/status"
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-t", topic, "-C", "1", "-W", "10"]
        done = self.container.run(*command, check=False)
        return str(json.loads(done.stdout)["state"]) if done.stdout.strip() else f"nothing {done.stderr.strip()}"

    def put(self, path: str, text: str) -> None:
        """Write a file inside."""
        place = self.container.root / path.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def freeze(self, what: str | None) -> None:
        """Let a stage hang after some seconds in every later start; None: no more."""
        drop_in = f"/etc/systemd/system/{UNIT}.d/freeze.conf"
        if what is None:
            self.container.run("rm", drop_in)
        else:
            self.container.run("mkdir", "-p", str(Path(drop_in).parent))
            text = f"[Service]\\nEnvironment=EMVAS_TEST_FREEZE={what}\\n"
            self.container.run("sh", "-c", f"printf '{text}' > {drop_in}")
        self.container.run("systemctl", "daemon-reload")

    def start_camera(self, moving: str, still: str) -> None:
        """Play a recording over and over as a network camera."""
        command = ["systemd-run", "--unit=camera", f"--setenv=PYTHONPATH={CHECKOUT}", "/opt/emvas/bin/python3"]
        self.container.run(*command, "-m", "benchmarks.install.systemd.camera", moving, still, str(_CAMERA_PORT))
