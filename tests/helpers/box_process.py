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

EMVAS = [sys.executable, "-c", "from edge.cli.main import main; main()"]


@contextmanager
def box(folder: Path, bundle: Path, config: dict[str, Any], **environment: str) -> Iterator[subprocess.Popen[str]]:
    path = folder / "box.yaml"
    head = {"purpose": "research", "consent": "recorded", "health": {"port": None}}
    path.write_text(yaml.safe_dump({**head, **config}))
    words = ["run", "--config", str(path), "--bundle", str(bundle), "--state", str(folder / "state")]
    process = subprocess.Popen(
        EMVAS + words,
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
