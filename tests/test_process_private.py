"""Pictures and sound never reach a disk by a crash, and what a box writes is for its user only."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from empty_bundle import make_empty_bundle
from media_maker import make_media

from edge.cli import diagnosis
from edge.cli.main import main
from edge.config import load_config
from edge.config.delivery import StoreConfig
from edge.messages import Source
from edge.run_registry import RunClock
from edge.store.timeline import Timeline

ROOT = Path(__file__).resolve().parent.parent
CRASHING = """
import ctypes, os, signal, sys
sys.path.insert(0, {root!r})
from click.testing import CliRunner
from edge.cli.main import main
CliRunner().invoke(main, ["bundle", "show", "nowhere"])
picture = b"the picture of a child" * 1000
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.kill(os.getpid(), signal.SIGABRT)
"""


def test_a_crash_leaves_no_core_dump_even_where_the_shell_asks_for_one(tmp_path: Path) -> None:
    def ask_for_one() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)

    command = [sys.executable, "-c", CRASHING.format(root=str(ROOT))]
    done = subprocess.run(command, cwd=tmp_path, preexec_fn=ask_for_one, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT, done.stderr
    assert done.stdout.strip() == "0", "not dumpable: prctl(PR_GET_DUMPABLE)"
    assert list(tmp_path.iterdir()) == []


def test_what_a_box_run_by_hand_writes_is_for_its_user_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    state = home / ".local" / "state" / "emvas"
    state.mkdir(parents=True, mode=0o755)
    bundle = make_empty_bundle(tmp_path / "bundle")
    clip = make_media(tmp_path / "clip.mp4")
    config = tmp_path / "box.yaml"
    config.write_text(f"purpose: driver-safety\ncamera: {{uri: 'file://{clip}'}}\nmqtt: {{host: 127.0.0.1, port: 9}}\n")
    words = ["run", "--config", str(config), "--bundle", str(bundle)]
    command = ["sh", "-c", 'umask 022; exec "$@"', "sh", sys.executable, "-c", "from edge.cli.main import main; main()"]
    environment = {**os.environ, "HOME": str(home)}
    for name in ("XDG_STATE_HOME", "STATE_DIRECTORY"):
        environment.pop(name, None)
    process = subprocess.Popen([*command, *words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    until_s = time.monotonic() + 60
    databases = [state / name for name in ("outbox.db", "timeline.db")]
    while not all(path.is_file() for path in databases) and time.monotonic() < until_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    written = [state, *state.rglob("*")]
    assert set(databases) <= set(written)
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_root_reads_a_boxs_databases_as_the_box_and_follows_no_link_of_its_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = 61_234
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, state = Path(name), Path(name) / "state"
        folder.chmod(0o755)
        timeline = Timeline(state / "timeline.db", RunClock("session").start, StoreConfig())
        timeline.write(Source(1.0, "camera", "lost", "gone"))
        timeline.close()
        for path in (state, *state.rglob("*")):
            os.chown(path, service, service)
        (folder / "roots.db").write_text("root's own")
        (folder / "roots.db").chmod(0o600)
        config = load_config(ROOT / "configs" / "bus-cab.yaml")
        box = diagnosis.Box(ROOT / "configs" / "bus-cab.yaml", config, None, state)
        texts = {
            part.name: part.gather(box) for part in diagnosis.PARTS if part.name in ("databases.json", "recent.json")
        }
        assert '"ok"' in texts["databases.json"]
        out = folder / "report.json"
        command = ["report", str(state / "timeline.db"), "--json", "--out", str(out), "--html"]
        assert CliRunner().invoke(main, command).exit_code in (0, 1)
        assert {path.stat().st_uid for path in (state, *state.rglob("*"))} == {service}
        (state / "other.db").symlink_to(folder / "roots.db")
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            next(part for part in diagnosis.PARTS if part.name == "databases.json").gather(box)
        assert os.geteuid() == 0
