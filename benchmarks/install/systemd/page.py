"""What was found, as JSON and as a page."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path

from benchmarks.install.systemd.container import SUITE
from benchmarks.install.systemd.steps import Step
from benchmarks.install.systemd.supplies import FPS


def write(steps: list[Step], out: Path) -> None:
    """Write systemd.json and systemd.md into `out`."""
    systemd = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    record = {"suite": SUITE, "systemd": systemd.split()[1], "steps": [asdict(step) for step in steps]}
    (out / "systemd.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    rows = [
        f"| {step.what} | {'yes' if step.passed else '**no**'} | {step.found.splitlines()[0]} | {step.seconds} |"
        for step in steps
    ]
    page = [
        "# The installed box under systemd",
        "",
        f"Made by `make proof-systemd`: Debian {SUITE} booted in systemd-nspawn on a shared machine with "
        f"{os.cpu_count()} cores, the package from its wheel, a network camera with the demo's drive at {FPS:g} fps, "
        "Mosquitto, no microphone. Seconds are those of the whole step.",
        "",
        "| step | held | found | s |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    (out / "systemd.md").write_text("\n".join(page) + "\n", encoding="utf-8")
