"""The three pictures of README.md: `make pictures` takes them, of what the shipped bundle makes of the demo's drive."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from browser import Page
from dashboards import EMVAS, served, write

from demo.drive import DRIVE_CLIP
from edge.bundle.bundle import Bundle
from edge.config import load_config
from edge.messages import Alert, Message
from edge.run_registry import started
from edge.runtime.pipeline import Pipeline, replay_file, session_of
from edge.runtime.sinks import JsonlSink
from edge.shipped import BUNDLE, EXAMPLE
from edge.store import Timeline

FOLDER = os.environ.get("EMVAS_PICTURES")
WIDTH_PX = 1000
AHEAD_S = 12.0
"""The page has this long to open before the alert is raised."""
PAUSE_S = 2.0
"""For curves and fonts to be drawn."""

pytestmark = pytest.mark.skipif(FOLDER is None, reason="`make pictures` takes them")


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def write(self, message: Message) -> None:
        self.messages.append(message)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("live", "timeline"):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope="module")
def messages(place: Path) -> Sequence[Message]:
    kept = Kept()
    pipeline = Pipeline(Bundle(BUNDLE), load_config(EXAMPLE), session_of(DRIVE_CLIP.video))
    with JsonlSink(place / "drive.jsonl") as jsonl:
        replay_file(DRIVE_CLIP.video, pipeline, [kept, jsonl], realtime=False)
    return kept.messages


@pytest.fixture
def target() -> Iterator[Path]:
    assert FOLDER is not None
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def raised(messages: Sequence[Message]) -> Alert:
    return next(m for m in messages if isinstance(m, Alert) and m.alert == "microsleep")


def test_the_live_page_while_a_microsleep_is_told(
    messages: Sequence[Message], tab: Page, place: Path, target: Path
) -> None:
    alert = raised(messages)
    path, start_s = place / "live" / "desk.db", time.time() - alert.t_s + AHEAD_S
    write(path, [message for message in messages if message.t_s < alert.t_s - AHEAD_S], start_s)
    rest = [message for message in messages if alert.t_s - AHEAD_S <= message.t_s]
    going = threading.Thread(target=_play, args=(path, rest, start_s), daemon=True)
    with served("--timeline", str(path)) as address:
        tab.screen(WIDTH_PX, 640)
        going.start()
        tab.open(f"{address}/en")
        tab.wait_for("critical")
        tab.run("window.dispatchEvent(new Event('resize'))")  # charts that were drawn before the page had its width
        time.sleep(1.0)
        tab.picture(target / "live.png", (WIDTH_PX, 870))


def _play(path: Path, messages: Sequence[Message], start_s: float) -> None:
    timeline = Timeline(path, started("s", start_s))
    for message, after in pairwise(messages):
        timeline.write(message)
        time.sleep(max(0.0, start_s + after.t_s - time.time()) if after.t_s > message.t_s else 0.0)
    timeline.close()


def test_the_timeline_of_the_drive(messages: Sequence[Message], tab: Page, place: Path, target: Path) -> None:
    path = write(place / "timeline" / "desk.db", list(messages), time.time() - messages[-1].t_s)
    with served("--timeline", str(path)) as address:
        tab.screen(WIDTH_PX, 900)
        tab.open(f"{address}/en/timeline")
        tab.wait_for("microsleep")
        for _ in range(3):
            tab.run("[...document.querySelectorAll('button')].find(b => b.textContent.trim() === '+').click()")
            time.sleep(PAUSE_S)
        tab.picture(target / "timeline.png", (WIDTH_PX, 930))


def test_the_report_of_the_drive(messages: Sequence[Message], tab: Page, place: Path, target: Path) -> None:
    assert messages
    page = place / "report.html"
    subprocess.run([*EMVAS, "report", str(place / "drive.jsonl"), "--out", str(page)], check=True)
    tab.screen(WIDTH_PX, 1100)
    tab.open(page.as_uri())
    time.sleep(PAUSE_S)
    tab.picture(target / "report.png", (WIDTH_PX, 930))
