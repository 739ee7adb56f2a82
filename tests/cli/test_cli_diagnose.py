"""`emvas diagnose`: what is in the archive, and that no planted secret and no person is."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from empty_bundle import make_empty_bundle

from edge.cli import diagnosis
from edge.cli.diagnose import diagnose
from edge.messages import Alert, Face, Level, Source, Transcript
from edge.run_registry import RunClock
from edge.store.timeline import Timeline

CAMERA_PASSWORD, CAMERA_USER, BROKER_PASSWORD, BROKER_USER, TOKEN = (
    "pl4nted/w@rd", "pl4nted-viewer", "pl4nted-broker", "pl4nted-bus", "pl4nted-token",
)  # fmt: skip
SECRETS = (CAMERA_PASSWORD, CAMERA_USER, BROKER_PASSWORD, BROKER_USER, TOKEN)
WORDS = "pl4nted words that somebody said"


def make_box(folder: Path) -> Path:
    """A box with a secret wherever one can be, and a state in which they have leaked."""
    (folder / "password").write_text(f"{BROKER_PASSWORD}\n")
    uri = f"rtsp://{CAMERA_USER}:{CAMERA_PASSWORD}@127.0.0.1:9/stream?token={TOKEN}"
    mqtt = {"host": "127.0.0.1", "port": 9, "username": BROKER_USER, "password_file": str(folder / "password")}
    config = {"purpose": "research", "consent": "recorded", "camera": {"uri": uri}, "mqtt": mqtt,
              "store": {"keep_words": True}}  # fmt: skip
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def fill(path: Path, timeline: Any) -> None:
    evidence = {"track": 1, "perclos_60": 0.4321}
    for message in (
        Alert(1.0, "a", "new", "microsleep", Level.CRITICAL, 0.0, 1.0, evidence),
        Transcript(2.0, 1.0, 2.0, WORDS, "en", 0.9),
        Face(2.5, 1, (1.0, 2.0, 3.0, 4.0), True, None, 0.9),
        Source(3.0, "camera", "lost", f"rtsp://{CAMERA_USER}:{CAMERA_PASSWORD}@h/ is gone; {BROKER_PASSWORD} was said"),
    ):
        timeline.write(message)


@pytest.fixture
def diagnosed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    journal = tmp_path / "bin" / "journalctl"
    journal.parent.mkdir()
    journal.write_text(f"#!/bin/sh\necho \"$*\"\necho 'user {BROKER_USER} {BROKER_PASSWORD} http://x/?token={TOKEN}'\n")
    journal.chmod(0o755)
    monkeypatch.setenv("PATH", f"{journal.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CAMERA_TOKEN", TOKEN)
    path = make_box(tmp_path)
    with_words = make_timeline(tmp_path / "state")
    fill(path, with_words)
    with_words.close()
    bundle = make_empty_bundle(tmp_path / "bundle")
    out = tmp_path / "box.tar.gz"
    words = ["--config", path, "--bundle", bundle, "--state", tmp_path / "state", "--out", out]
    result = CliRunner().invoke(diagnose, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as archive:
        texts = {item.name: archive.extractfile(item).read().decode() for item in archive}  # type: ignore[union-attr]
    return {**texts, "said": result.output}


def make_timeline(folder: Path) -> Timeline:
    from edge.config.delivery import StoreConfig

    return Timeline(folder / "timeline.db", RunClock("session").start, StoreConfig(keep_words=True))


def test_no_secret_no_word_and_no_figure_about_a_person_is_in_it(diagnosed: dict[str, str]) -> None:
    for name, text in diagnosed.items():
        for planted in (*SECRETS, "pl4nted", WORDS, "0.4321", "perclos_60"):
            assert planted not in text, f"{planted} in {name}"


def test_it_holds_what_helps_and_says_so(diagnosed: dict[str, str]) -> None:
    inside = {name.rpartition("/")[2] for name in diagnosed}
    assert inside >= {part.name for part in diagnosis.PARTS} - {"metrics.txt"} | {"contents.txt"}
    texts = {name.rpartition("/")[2]: text for name, text in diagnosed.items()}
    assert yaml.safe_load(texts["config.yaml"])["mqtt"]["username"] == "***"
    assert yaml.safe_load(texts["config.yaml"])["camera"]["uri"] == "rtsp://***@127.0.0.1:9/stream?***"
    assert "Traceback" not in texts["check.json"]
    assert "microsleep" in texts["recent.json"]
    assert "--unit emvas-edge" in texts["log.txt"]
    assert '"ok"' in texts["databases.json"]
    assert "emvas-edge" in texts["versions.json"]
    assert "metrics.txt: health.port is not set" in texts["contents.txt"]
    assert diagnosis.NOT_IN_IT in texts["said"]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    path = make_box(tmp_path)
    code = "from edge.cli.main import main; main()"
    command = [
        sys.executable,
        "-c",
        code,
        "diagnose",
        "--config",
        str(path),
        "--out",
        str(tmp_path / "no" / "a.tar.gz"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
