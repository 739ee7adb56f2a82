"""Every page in a real browser: what it shows, in both languages, live, alone on this machine, for everybody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from datetime import time as datetime_time
from pathlib import Path
from typing import Any

import pytest
import yaml
from browser import Page, faults, foreign, named_hosts
from dashboards import ask, served, write
from made_recording import LENGTH_S, drive
from mqtt_helpers import free_port, mosquitto, needs_mosquitto, until

from edge.config import load_config
from edge.dashboard.data.aggregates import MAX_STEPS
from edge.i18n.texts import Sentence
from edge.messages import Affect, Alert, Face, Fatigue, Level, Message, Source, Summary
from edge.publish import Publisher
from edge.publish.commands.receiver import Answer, Outcome
from edge.publish.commands.requests import Command
from edge.run_registry import started
from edge.store import Timeline

SO_FAR = Summary(60.0, 0.0, 60.0, {}, None, None, {}, 1.0)
HOSTILE = "</script><img src=http://example.com/x>"
PAGES = {"live": "", "timeline": "/timeline", "frequencies": "/frequencies", "box": "/box"}
UNFOLD = "document.querySelectorAll('details').forEach(part => { part.open = true })"
CHART = "getElement(document.querySelector('.nicegui-echart').id.slice(1))?.chart"
TICKS = """[...document.querySelectorAll('svg text')].map(text => text.textContent)
.filter(text => /^\\d\\d:\\d\\d/.test(text))"""

pytestmark = needs_mosquitto


class Box:
    """A real publisher, which answers orders as it is told to."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.config = folder / "box.yaml"
        content: dict[str, Any] = {
            "purpose": "research",
            "consent": "recorded",
            "store": {"path": "timeline.db", "keep_words": True},
            "mqtt": {"host": "127.0.0.1", "port": port},
            "commands": {"allow": ["report", "acknowledge", "snooze"]},
        }
        self.config.write_text(yaml.safe_dump(content))
        self.orders: list[Command] = []
        self.refusal: str | None = None
        self.publisher = Publisher(load_config(self.config), folder / "outbox.db", started("box-1", time.time()))
        self.publisher.describe({"bundle": "default 7", "provider": "cuda", "models": {"asr": "cpu-int8"}})
        self.publisher.measure(
            {"frames_dropped": 12, "stages": {"vision": {"calls": 9, "mean_ms": 8.5, "worst_ms": 20}}}
        )
        self.publisher.take_commands(self._execute)
        self.publisher.start()

    def _execute(self, command: Command, answer: Answer) -> None:
        self.orders.append(command)
        data = self.publisher.report(SO_FAR).model_dump(mode="json", by_alias=True) if command.op == "report" else {}
        answer(Outcome(error=self.refusal) if self.refusal else Outcome(data=data))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box that goes on: after a drive with a microsleep, an alert lasts and somebody is in view."""
    folder = tmp_path_factory.mktemp("state")
    lasting: list[Message] = [Alert(112.0, "a2", "update", "drowsiness", Level.WARNING, 108.0, 4.0, {"track": 1})]
    start_s = time.time() - LENGTH_S
    write(folder / "timeline.db", drive(HOSTILE) + lasting, start_s)
    port, over = free_port(), threading.Event()
    timeline = Timeline(folder / "timeline.db", started("now", start_s))
    alive = threading.Thread(target=_go_on, args=(timeline, start_s, over))
    with mosquitto(folder, port):
        found = Box(folder, port)
        alive.start()
        yield found
        found.publisher.stop()
        over.set()
        alive.join()
    timeline.close()


def _go_on(timeline: Timeline, start_s: float, over: threading.Event) -> None:
    """Write what a box writes of a driver who is awake, until it is over."""
    while not over.wait(0.5):
        t_s = time.time() - start_s
        timeline.write(Source(0.0, "text", "absent", Sentence("roles_missing", roles=("text",))))
        seen = {"eye_opening": 0.3, "mouth": 0.04, "yaw_deg": 2.0, "pitch_deg": -4.0}
        timeline.write(Face(t_s, 1, (200.0, 120.0, 180.0, 180.0), True, None, 0.92, **seen))
        timeline.write(Fatigue(t_s, 1, Level.NONE, 0.12, 0.12, 1.0))
        modalities = {"text": None, "audio": 0.2, "vision": -0.4}
        timeline.write(Affect(t_s, t_s - 3, t_s, -0.1, "tired", "neutral", modalities, 0.8, 1))


@pytest.fixture(scope="module")
def address(box: Box) -> Iterator[str]:
    with served("--config", str(box.config), "--state", str(box.folder)) as found:
        yield found


EXPECTED = {
    ("live", "en"): ("normal", "92 %", "Live: last record", "Off: text sentiment", "closed for 2.4 s", "absent"),
    ("live", "zh"): ("正常", "睁眼程度", "微睡眠", "92 %", "缺失"),
    ("timeline", "en"): ("Affect score", "PERCLOS 60 s", "microsleep", HOSTILE),
    ("timeline", "zh"): ("情绪得分", "微睡眠", HOSTILE),
    ("frequencies", "en"): ("By day", "By hour of the day", "Comparison", "happy"),
    ("frequencies", "zh"): ("按天", "按小时", "对比", "开心"),
    ("box", "en"): ("research", "default 7", "cuda", "cpu-int8", "Waiting in the outbox", "Frames dropped", "8.5"),
    ("box", "zh"): ("研究", "default 7", "发件箱待发", "丢弃的画面"),
}


@pytest.mark.parametrize(("page", "language"), EXPECTED)
def test_every_page_tells_what_is_on_record(address: str, tab: Page, shots: Path, page: str, language: str) -> None:
    """In English on a light 7-inch screen, in Chinese on a dark phone."""
    if language == "zh":
        tab.screen(390, 844)
        tab.prefer("dark")
    tab.open(f"{address}/{language}{PAGES[page]}")
    if page == "box":
        tab.wait_for("Condition of the box" if language == "en" else "设备状况")
        tab.run(UNFOLD)
    tab.wait_for(*EXPECTED[page, language])
    if page in {"live", "timeline"}:
        until(lambda: bool(tab.run("document.querySelectorAll('.ev-chart svg path').length > 10")))
    tab.picture(shots / f"{page}-{language}.png")
    assert faults(tab) == []
    assert tab.run("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out of the screen"
    dark = tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark is (language == "zh")
    assert tab.run("document.images.length") == 0
    assert any(url.startswith("ws://127.0.0.1") for url in tab.asked)
    assert foreign(tab.asked) == set()
    assert tab.errors == []


def test_charts_show_the_time_on_the_clock_of_the_box_and_name_its_zone(box: Box, tab: Page, shots: Path) -> None:
    words = ("--config", str(box.config), "--state", str(box.folder))
    with served(*words, TZ="Asia/Kathmandu") as address:  # 5 h 45 min ahead: no browser of a test is there
        for page in ("live", "timeline"):
            tab.open(f"{address}/en{PAGES[page]}")
            tab.wait_for("Asia/Kathmandu")
            until(lambda: bool(tab.run(TICKS)))
            now = datetime.now(timezone(timedelta(hours=5, minutes=45)))
            shown = [datetime.combine(now, datetime_time.fromisoformat(tick), now.tzinfo) for tick in tab.run(TICKS)]
            tab.picture(shots / f"{page}-kathmandu.png")
            ahead_s = [(now - moment).total_seconds() % 86_400 for moment in shown]
            assert all(age_s < 700 for age_s in ahead_s), tab.run(TICKS)
    assert tab.errors == []


def test_the_state_can_be_read_on_a_small_screen_without_scrolling(address: str, tab: Page) -> None:
    tab.open(f"{address}/en")
    tab.wait_for("normal", "92 %")
    box = tab.run("(r => [r.bottom, r.height])(document.querySelector('.ev-level').getBoundingClientRect())")
    assert box[0] < 600
    assert box[1] >= 48, "read at arm's length"
    assert tab.run("document.querySelector('.ev-tiles').getBoundingClientRect().bottom") < 600


def test_keys_alone_lead_to_every_page(address: str, tab: Page) -> None:
    tab.open(f"{address}/en")
    tab.wait_for("normal")
    tab.press("Tab")
    assert tab.run("document.activeElement.innerText") == "Skip to content"
    for name in ("Live", "Timeline"):
        tab.press("Tab")
        assert tab.run("document.activeElement.innerText") == name
    tab.press("Enter")
    tab.wait_for("Drag or pinch")
    assert tab.run("document.querySelector('[aria-current]').innerText") == "Timeline"


def test_a_chosen_theme_is_kept(address: str, tab: Page) -> None:
    tab.open(f"{address}/en")
    tab.wait_for("normal")
    tab.run("document.querySelector('[title=\"Dark or light\"]').click()")
    tab.open(f"{address}/en/box")
    tab.wait_for("Condition of the box")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_a_zoomed_timeline_stays_zoomed_and_is_read_in_finer_steps(address: str, tab: Page, box: Box) -> None:
    """A day with more scores than are drawn one by one, then its last minutes, where there are few."""
    earlier = Timeline(box.folder / "timeline.db", started("earlier", time.time() - 7200))
    for second in range(2 * MAX_STEPS):
        earlier.write(Affect(second, second, second + 1.0, 0.1, "calm", "neutral", {}, 0.8, 1))
    earlier.close()
    tab.open(f"{address}/en/timeline")
    tab.wait_for("Affect score")
    tab.run("[...document.querySelectorAll('button')].find(b => b.innerText == '24 h').click()")
    count = f"({CHART}?.getOption()?.series ?? []).find(s => s.name.startsWith('PERCLOS'))?.data.length ?? 0"
    until(lambda: tab.run(count) in range(1, 20))
    tab.run(f"{CHART}.dispatchAction({{type: 'dataZoom', start: 99.5, end: 100}})")
    until(lambda: tab.run(count) > 50)
    shown = f"(o => [o.dataZoom.map(z => [z.start, z.end]), o.xAxis[0].max - o.xAxis[0].min])({CHART}.getOption())"
    assert tab.run(shown) == [[[99.5, 100]] * 2, 24 * 3600 * 1000], tab.run(
        f"JSON.stringify({CHART}.getOption().series.map(s => [s.name, s.data.length]))"
    )


def test_going_back_in_time_shows_the_past_and_says_where(address: str, tab: Page) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("Affect score")
    tab.run(
        "document.querySelector('[title=\"Earlier\"]').click(); document.querySelector('[title=\"Earlier\"]').click()"
    )
    tab.run("document.querySelector('[title=\"Earlier\"]').click()")
    tab.wait_for("There are no records from")
    tab.run("[...document.querySelectorAll('button')].find(b => b.innerText == 'Now').click()")
    tab.wait_for("Affect score")


def test_an_alert_is_acknowledged_and_snoozed_over_mqtt(address: str, tab: Page, box: Box) -> None:
    press = "[...document.querySelectorAll('button')].find(b => b.innerText.startsWith('{}')).click()"
    tab.open(f"{address}/en")
    tab.wait_for("Acknowledge", "Snooze 10 min")
    assert tab.run("[...document.querySelectorAll('tbody button')].length") == 2, "not for the one that has ended"
    tab.run(press.format("Acknowledge"))
    tab.wait_for("Acknowledged: the alert is not repeated")
    tab.run(press.format("Snooze"))
    tab.wait_for("Snoozed.")
    said = [(item.op, item.request.model_dump(exclude={"transaction"})) for item in box.orders if item.op != "report"]
    assert said == [("acknowledge", {"id": "a2"}), ("snooze", {"kind": "drowsiness", "seconds": 600.0})]
    box.refusal = "id: there is no such alert"
    tab.run(press.format("Acknowledge"))
    tab.wait_for("Not done: id: there is no such alert")


def test_the_start_page_picks_the_language_that_the_browser_asks_for(address: str) -> None:
    status, headers, _ = ask(address, Accept_Language="zh-CN,zh;q=0.9")
    assert (status, headers["Location"]) == (307, "/zh")
    assert ask(address, Accept_Language="de")[1]["Location"] == "/en"
    assert 'lang="en-US"' in ask(f"{address}/en")[2]


def test_no_page_names_another_machine_or_may_be_framed(address: str) -> None:
    for path in PAGES.values():
        status, headers, page = ask(f"{address}/en{path}")
        assert status == 200
        assert named_hosts(page) == set()
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_a_foreign_name_that_resolves_to_this_machine_is_refused(address: str) -> None:
    assert ask(f"{address}/en", Host="evil.example")[0] == 400


def test_a_cab_without_emotions_opens_its_frequencies_on_what_it_has(tmp_path: Path, tab: Page) -> None:
    """Amara opens last night's timeline of a bus: it knows levels, and nobody's emotions."""
    drive = [Fatigue(float(second), 1, Level.NONE, 0.04, 0.04, 1.0) for second in range(120)]
    with served("--timeline", str(write(tmp_path / "bus.db", list(drive), time.time() - 200))) as found:
        tab.open(f"{found}/en/frequencies")
        tab.wait_for("By day", "normal")
        assert tab.run("document.querySelector('select').selectedOptions[0].text") == "Fatigue levels"
