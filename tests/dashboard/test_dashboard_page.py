"""The page as its own process, over HTTP and in a real browser."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import browser, foreign, named_hosts
from click.testing import CliRunner
from made_recording import LENGTH_S, drive

from edge.cli.main import main
from edge.config.delivery import StoreConfig
from edge.store import Timeline

EMVAS = [sys.executable, "-c", "from edge.cli.main import main; main()"]
HOSTILE = "</script><img src=http://example.com/x>"


@contextmanager
def served(timeline: Path) -> Iterator[str]:
    """The address of a dashboard that runs while `with` lasts."""
    command = [*EMVAS, "dashboard", "--timeline", str(timeline), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said + process.stdout.read()
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=10)
    assert "Traceback" not in rest
    assert process.returncode in (0, -signal.SIGTERM)


def write(path: Path, start_s: float) -> None:
    """Add a drive that began at `start_s`."""
    timeline = Timeline(path, "s", start_s, StoreConfig(keep_words=True))
    for message in drive(HOSTILE):
        timeline.write(message)
    timeline.close()


def get(url: str, **headers: str) -> tuple[int, str, str]:
    """Status, final address and text."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.url, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, url, ""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a drive whose newest record is of now: its clock is ahead by what the tests take."""
    path = tmp_path_factory.mktemp("state") / "timeline.db"
    write(path, time.time() - LENGTH_S + 60)
    with served(path) as found:
        yield found


def test_the_start_page_picks_the_language_that_the_browser_asks_for(address: str) -> None:
    assert get(address, **{"Accept-Language": "zh-CN,zh;q=0.9"})[1] == f"{address}/zh"
    status, url, page = get(address, **{"Accept-Language": "de"})
    assert (status, url) == (200, f"{address}/en")
    assert 'lang="en-US"' in page


def test_the_page_names_no_other_machine(address: str) -> None:
    for language in ("en", "zh"):
        status, _, page = get(f"{address}/{language}")
        assert status == 200
        assert named_hosts(page) == {"example.com"}, "which somebody said, and nobody asks"


def test_a_foreign_name_that_resolves_to_this_machine_is_refused(address: str) -> None:
    assert get(f"{address}/en", Host="evil.example")[0] == 400


def test_the_browser_shows_state_alerts_and_timeline_and_asks_nobody_else(address: str, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.open(f"{address}/en")
        tab.wait_for("normal", "92 %", "Live: last record", "text sentiment absent", "closed for 2.4 s", "Affect score")
        assert tab.run("document.images.length") == 0
        assert any(url.startswith("ws://127.0.0.1") for url in tab.asked)
        assert foreign(tab.asked) == set()
        assert tab.errors == []
        tab.run("[...document.querySelectorAll('a')].find(link => link.lang == 'zh').click()")
        tab.wait_for("当前状态", "睁眼程度", "微睡眠", "正常")
        tab.prefer("dark")
        assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


CHART = "getElement(document.querySelector('.nicegui-echart').id.slice(1)).chart"


def test_a_zoomed_chart_stays_zoomed_while_time_goes_on(address: str, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.open(f"{address}/en")
        tab.wait_for("Affect score")
        tab.run(f"{CHART}.dispatchAction({{type: 'dataZoom', start: 80, end: 90}})")
        before = tab.run(f"{CHART}.getOption().xAxis[0].max")
        until_s = time.monotonic() + 10
        while tab.run(f"{CHART}.getOption().xAxis[0].max") == before:
            assert time.monotonic() < until_s, "the axis stands still"
            time.sleep(0.2)
        assert tab.run(f"{CHART}.getOption().dataZoom.map(zoom => [zoom.start, zoom.end])") == [[80, 90]] * 2


def test_an_open_page_follows_the_timeline_without_reloading(tmp_path: Path) -> None:
    path = tmp_path / "timeline.db"
    with served(path) as url, browser(tmp_path) as tab:
        tab.open(f"{url}/en")
        tab.wait_for("There is no timeline yet at", "unknown")
        write(path, time.time() - LENGTH_S - 300)
        found = tab.wait_for("Nothing was written for 5:", "unknown", "microsleep")
        assert "There is no timeline yet at" not in found
        write(path, time.time() - 62)
        tab.wait_for("Live: last record", "92 %")
        for file in tmp_path.glob("timeline.db*"):
            file.unlink()
        path.write_bytes(b"no database at all" * 100)
        tab.wait_for("cannot be read")
        assert tab.errors == []


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, ["dashboard", *words])
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "box.local", "::"])
def test_any_address_but_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    (tmp_path / "box.yaml").write_text(f"purpose: driver-safety\ndashboard: {{host: '{host}'}}\n")
    assert "no password yet" in refused("--config", str(tmp_path / "box.yaml"))


def test_a_port_that_is_taken_and_a_call_without_a_timeline_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "choose another" in refused("--timeline", "t.db", "--port", str(port))
    assert "say what to show" in refused()
