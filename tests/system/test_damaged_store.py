"""The whole program on files that a bad card has left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("case", ["below a file", "a home below a file", "no home"])
def test_a_state_folder_that_cannot_be_written_is_one_sentence(case: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config, bundle = tmp_path / "box.yaml", make_empty_bundle(tmp_path / "bundle")
    content = {"purpose": "driver-safety", "camera": {"uri": "http://127.0.0.1:9/"}, "microphone": {"device": None}}
    config.write_text(yaml.safe_dump(content | {"mqtt": {"host": "127.0.0.1", "port": 9}}))
    words = ["run", "--config", str(config), "--bundle", str(bundle)]
    words += ["--state", str(tmp_path / "file" / "state")] if case == "below a file" else []
    environment = {key: value for key, value in os.environ.items() if key not in {"HOME", "XDG_STATE_HOME"}}
    environment |= {} if case == "no home" else {"HOME": str(tmp_path / "file")}
    unknown = "import pwd\ndef unknown(_): raise KeyError\npwd.getpwuid = unknown\n" if case == "no home" else ""
    command = [sys.executable, "-c", unknown + EMVAS[2], *words]
    box = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert box.stdout is not None
    lines: list[str] = []
    for line in box.stdout:
        lines.append(line)
        if "cannot be written" in line:
            time.sleep(2.5)  # two more turns of the box
            box.send_signal(signal.SIGTERM)
    (told,) = [line for line in lines if "state" in line]
    if case == "no home":
        assert told == "Error: this user has no home, so there is no folder for timeline and outbox: give --state DIR\n"
        assert box.wait(20) == 1
    else:
        assert "storage lost" in told
        assert box.wait(20) == 0
