"""The whole box as its own process, the way systemd runs it."""

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


def start(folder: Path, bundle: Path, camera: str, microphone: str | None) -> subprocess.Popen[str]:
    """A research box without a broker on its port."""
    config = {
        "purpose": "research",
        "consent": "recorded",
        "camera": {"uri": camera},
        "microphone": {"device": microphone},
        "mqtt": {"host": "127.0.0.1", "port": 9},
    }
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(config))
    words = ["run", "--config", str(path), "--bundle", str(bundle), "--state", str(folder / "state")]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.Popen(EMVAS + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def stored(folder: Path, kind: str) -> list[dict[str, object]]:
    return TimelineReader(folder / "state" / "timeline.db").between(kind, 0, 1e12)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_camera_microphone_models_and_broker_it_runs_says_so_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    box = start(tmp_path, make_empty_bundle(tmp_path / "bundle"), "http://127.0.0.1:9/video", "no such microphone")
    deadline_s = time.monotonic() + 30
    while len(stored(tmp_path, "alert")) < 2:
        assert box.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    asked_s = time.monotonic()
    box.send_signal(number)
    said, _ = box.communicate(timeout=20)
    assert time.monotonic() - asked_s < 5
    assert box.returncode == 0
    for words in ("camera lost", "microphone lost", "asr absent", "No broker answers"):
        assert words in said, said
    assert "Traceback" not in said
    types = [alert["type"] for alert in stored(tmp_path, "alert")]
    assert types == ["new", "new", "end", "end"]


def test_a_configuration_without_any_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "box.yaml").write_text("purpose: driver-safety\nmicrophone: {device: null}\n")
    done = subprocess.run(
        [*EMVAS, "run", "--config", str(tmp_path / "box.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "there is no source" in done.stderr


@pytest.mark.bundle
@pytest.mark.data
def test_a_clip_played_live_is_seen_heard_and_kept(bundle_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    clip = data_dir / "clips" / "grid" / "swiz3n.mpg"
    box = start(tmp_path, bundle_dir, f"file://{clip}", "camera")
    said, _ = box.communicate(timeout=60)
    assert box.returncode == 0
    assert "Traceback" not in said
    assert stored(tmp_path, "face")
    assert stored(tmp_path, "speech")
    assert stored(tmp_path, "affect")
    assert stored(tmp_path, "transcript") == [], "words are not kept unless the configuration says so"
    assert "white" not in said, "and what is not a terminal may be a log"
