"""No library that the box runs on tells anybody about it. A new wheel that does is found here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.process import TELEMETRY_SWITCHES

PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
import {entry}
import onnxruntime
onnxruntime.SessionOptions()
time.sleep(1.0)
"""
ROOT = Path(__file__).resolve().parent.parent


def left_behind(home: Path, program: str) -> list[str]:
    """The files that a program of Python leaves in its user's home."""
    quiet = {
        name: value
        for name, value in os.environ.items()
        if name not in TELEMETRY_SWITCHES and not name.startswith("XDG_")
    }
    quiet |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], env=quiet, check=True, timeout=120)
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize("entry", ["edge.cli.main", "edge.bundle.session", "export", "training"])
def test_onnxruntime_leaves_no_device_id_and_no_database_behind(tmp_path: Path, entry: str) -> None:
    assert left_behind(tmp_path, PROGRAM.format(root=str(ROOT), entry=entry)) == []


def test_the_switches_win_over_the_environment_and_reach_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    told = "import edge, os, subprocess, sys; print(subprocess.check_output(['env']).decode())"
    answer = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {f"{name}={value}" for name, value in TELEMETRY_SWITCHES.items()} <= set(answer.stdout.splitlines())
