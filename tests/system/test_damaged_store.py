"""The whole program on files that a bad card has left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml
from empty_bundle import make_empty_bundle

from edge.store.reader import TimelineReader

EMVAS = [sys.executable, "-c", "from edge.cli.main import main; main()"]


def test_it_runs_on_damaged_files_says_so_and_keeps_them(tmp_path: Path) -> None:
    state, config = tmp_path / "state", tmp_path / "box.yaml"
    state.mkdir()
    for name in ("timeline.db", "outbox.db"):
        (state / name).write_bytes(os.urandom(20_000))
    content = {"purpose": "driver-safety", "camera": {"uri": "http://127.0.0.1:9/"}, "microphone": {"device": None}}
    config.write_text(yaml.safe_dump(content | {"mqtt": {"host": "127.0.0.1", "port": 9}}))
    bundle = make_empty_bundle(tmp_path / "bundle")
    words = [*EMVAS, "run", "--config", str(config), "--bundle", str(bundle), "--state", str(state)]
    box = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    reader, until_s = TimelineReader(state / "timeline.db"), time.monotonic() + 60
    told: set[tuple[object, object]] = set()
    wanted = {("timeline", "lost"), ("timeline", "ok"), ("outbox", "lost"), ("outbox", "ok")}
    while not wanted <= told:
        assert box.poll() is None
        assert time.monotonic() < until_s, told
        time.sleep(0.2)
        if (state / "timeline.db.damaged-1").exists():
            told = {(source["source"], source["state"]) for source in reader.between("source", 0, 1e11)}
    box.send_signal(signal.SIGTERM)
    said, _ = box.communicate(timeout=30)
    assert box.returncode == 0
    assert "Traceback" not in said
    assert "moved to outbox.db.damaged-1" in said.replace("\n", " ")
    assert {path.name for path in state.glob("*.damaged-1")} == {"timeline.db.damaged-1", "outbox.db.damaged-1"}
