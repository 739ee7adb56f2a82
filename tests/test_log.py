"""The journal's own protocol, plain lines, and who gets which."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

SPEAK = """
import logging, sys
from logging_journald import JournaldLogHandler
JournaldLogHandler.SOCKET_PATH = sys.argv[1]
from rich.console import Console
from edge import log
log.set_up(Console())
logging.getLogger("edge.capture").warning("lost %s", "rtsp://u:S3cret@cam/s", extra=log.fields(source="camera"))
logging.getLogger("edge.publish").info("connected")
logging.getLogger("paho").info("not ours")
try:
    raise OSError("http://u:S3cret@h refused")
except OSError:
    logging.getLogger("edge").exception("it broke")
"""


def speak(journal: Path, errors: int, **extra: str) -> str:
    command = [sys.executable, "-c", SPEAK, str(journal)]
    environment = {**os.environ, **extra}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    return done.stdout


def test_under_systemd_records_reach_the_journal_with_priority_and_fields_and_without_secrets(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal, (tmp_path / "errors").open("wb") as errors:
        journal.bind(str(tmp_path / "journal"))
        journal.settimeout(5)
        place = os.fstat(errors.fileno())
        said = speak(tmp_path / "journal", errors.fileno(), JOURNAL_STREAM=f"{place.st_dev}:{place.st_ino}")
        records = [journal.recv(1 << 16).decode() for _ in range(3)]
    assert said == ""
    assert "S3cret" not in "".join(records)
    lost, connected, broke = records
    for line in (
        "MESSAGE=lost rtsp://***@cam/s", "PRIORITY=4", "SYSLOG_IDENTIFIER=emvas", "LOGGER_NAME=edge.capture",
        "EXTRA_EMVAS_SOURCE=camera",
    ):  # fmt: skip
        assert line in lost.splitlines()
    assert "MESSAGE=connected" in connected
    assert "PRIORITY=3" in broke
    assert "OSError: http://***@h refused" in broke


def test_elsewhere_lines_can_be_read_and_hold_no_secret(tmp_path: Path) -> None:
    said = speak(tmp_path / "none", subprocess.DEVNULL, JOURNAL_STREAM="1:1")
    first, second, third, *_ = said.splitlines()
    assert first.endswith("WARNING edge.capture: lost rtsp://***@cam/s")
    assert second.endswith("INFO edge.publish: connected")
    assert third.endswith("ERROR edge: it broke")
    assert "S3cret" not in said
    assert "not ours" not in said
