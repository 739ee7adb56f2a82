"""Pictures and sound never reach a disk by a crash, and what a box writes is for its user only."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

from empty_bundle import make_empty_bundle
from media_maker import make_media

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
    while not (state / "outbox.db").is_file() and time.monotonic() < until_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    written = [state, *state.rglob("*")]
    assert len(written) >= 3
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
