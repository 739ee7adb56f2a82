"""The whole box as its own process, the way systemd runs it, and what can be seen of it from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml

from edge.store.reader import TimelineReader

MAIN = "from edge.cli.main import main; main()"
EMVAS = [sys.executable, "-c", MAIN]


@contextmanager
def box(
    folder: Path, bundle: Path, config: dict[str, Any], before: str = "", **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """`before` is code that its process runs first."""
    path = folder / "box.yaml"
    head = {"purpose": "research", "consent": "recorded", "health": {"port": None}}
    path.write_text(yaml.safe_dump({**head, **config}))
    words = ["run", "--config", str(path), "--bundle", str(bundle), "--state", str(folder / "state")]
    process = subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{MAIN}", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1", **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def stored(folder: Path, kind: str) -> list[dict[str, Any]]:
    path = folder / "state" / "timeline.db"
    return TimelineReader(path).between(kind, 0, 1e12) if path.exists() else []


def metrics(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as page:
            return str(page.read().decode())
    except OSError:
        return ""
