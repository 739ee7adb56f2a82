"""The page while its timeline comes, grows, ages, is locked and goes bad, and when the page itself is gone."""

from __future__ import annotations

import socket
import sqlite3
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from browser import Page, faults
from click.testing import CliRunner
from dashboards import served, write
from made_recording import LENGTH_S, drive
from mqtt_helpers import until

from edge.cli.main import main
from edge.config.delivery import HealthConfig
from edge.i18n.texts import Sentence
from edge.messages import Alert, Fatigue, Level, Message, Source
from edge.runtime.health_http import HealthPages
from edge.status import SystemStatus

UNFOLD = "document.querySelectorAll('details').forEach(part => { part.open = true })"
SHIFT_S = 4 * 3600
OPENS_WITHIN_S = 10.0
"""2 s on an idle machine, which `benchmarks.speed.dashboard_day` measures; this one may be busy."""


def test_an_open_page_follows_the_timeline_without_reloading(tmp_path: Path, tab: Page) -> None:
    path = tmp_path / "timeline.db"
    with served("--timeline", str(path)) as url:
        tab.open(f"{url}/en")
        tab.wait_for("There is no timeline yet at", "unknown")
        write(path, drive(), time.time() - LENGTH_S - 300)
        found = tab.wait_for("No new records for 5:", "unknown", "microsleep")
        assert "There is no timeline yet at" not in found
        assert "92 %" not in found, "what is old is not shown as the state"
        write(path, drive(), time.time() - 62)
        tab.wait_for("Live: last record", "92 %")
        with sqlite3.connect(path) as blocker:
            blocker.execute("PRAGMA locking_mode=EXCLUSIVE")
            tab.wait_for("Live: last record")
        for file in tmp_path.glob("timeline.db*"):
            file.unlink()
        path.write_bytes(b"no database at all" * 100)
        tab.wait_for("cannot be read")
        assert tab.errors == []
    tab.wait_for("Connection lost")
    until(lambda: float(tab.run("getComputedStyle(document.querySelector('.ev-main')).opacity")) < 0.5)


def test_a_timeline_of_another_schema_is_told(tmp_path: Path, tab: Page) -> None:
    path = tmp_path / "timeline.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE record (everything_else TEXT)")
    with served("--timeline", str(path)) as url:
        for page in ("", "/timeline", "/frequencies"):
            tab.open(f"{url}/en{page}")
            tab.wait_for("cannot be read")


def test_a_shift_opens_soon(tmp_path: Path, tab: Page) -> None:
    messages: list[Message] = [
        Fatigue(float(t), 1, Level.WARNING if t % 3600 > 3400 else Level.NONE, t % 600 / 4000, 0.1, 0.97, ("yawns",))
        for t in range(SHIFT_S)
    ]
    messages += [Alert(t, f"a{t}", "new", "drowsiness", Level.WARNING, t, 0.0) for t in range(0, SHIFT_S, 600)]
    path = write(tmp_path / "timeline.db", messages, time.time() - SHIFT_S)
    with served("--timeline", str(path)) as url:
        tab.open(f"{url}/en/timeline")
        tab.wait_for("PERCLOS")
        started_s = time.monotonic()
        tab.run("[...document.querySelectorAll('button')].find(b => b.innerText == '8 h').click()")
        until(lambda: bool(tab.run("document.querySelectorAll('tbody tr').length > 20")))
        assert time.monotonic() - started_s < OPENS_WITHIN_S


@pytest.mark.parametrize("broker", [None, 9])
def test_without_a_broker_the_box_page_tells_what_is_known(
    tmp_path: Path, tab: Page, shots: Path, broker: int | None
) -> None:
    """What stands in the timeline and at /healthz; the rest is said to be unknown."""
    status = SystemStatus()
    status.take(Source(0.0, "camera", "lost", Sentence("source_ended")))
    write(
        tmp_path / "timeline.db",
        [Source(0.0, "asr", "absent", Sentence("roles_missing", roles=("asr",)))],
        time.time() - 600.0,
    )
    config = tmp_path / "box.yaml"
    with ExitStack() as stack:
        pages = stack.enter_context(HealthPages(HealthConfig(), status.verdict, dict))
        status.turned(time.monotonic() + 1e6, None)
        content = {"purpose": "driver-safety", "store": {"path": "timeline.db"}, "health": {"port": pages.port}}
        content |= {"mqtt": {"host": "127.0.0.1", "port": broker}} if broker else {}
        config.write_text(yaml.safe_dump(content))
        with served("--config", str(config), "--state", str(tmp_path)) as url:
            tab.open(f"{url}/en/box")
            tab.wait_for("works, with something missing", "camera lost: it ended", "not written: the box may not be")
            tab.run(UNFOLD)
            found = tab.wait_for("speech recognition absent", "driver safety")
            assert ("There is no connection to the broker" in found) is bool(broker)
            assert ("has no broker" in found) is not bool(broker)
            tab.open(f"{url}/zh/box")
            tab.wait_for("可用，但有缺失", "摄像头丢失：已结束")
            tab.run(UNFOLD)
            tab.wait_for("语音识别缺失")
            tab.picture(shots / f"box-without-broker-{'dead' if broker else 'none'}.png")
            assert faults(tab) == []
            stack.close()
            tab.wait_for(f"127.0.0.1:{pages.port} 无应答")


def test_a_port_that_is_taken_and_a_call_without_a_timeline_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["dashboard", "--timeline", "t.db", "--port", str(port)])
    assert "choose another" in result.output
    assert "say what to show" in CliRunner().invoke(main, ["dashboard"]).output
