"""The timeline page: trips to go to and to compare, alerts that lead to their place, and what can be taken along."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from browser import Page, faults
from dashboards import served, write
from mqtt_helpers import until
from scenes import cab

from edge.dashboard.pages.timeline import PICTURE

CHART = "getElement(document.querySelector('.ev-timeline').id.slice(1))?.chart"
AXIS = f"(axis => [axis?.min, axis?.max])({CHART}?.getOption()?.xAxis?.[0])"
DAY_S = 86_400.0
PRESS = "[...document.querySelectorAll('{} button')].find(b => b.innerText.startsWith('{}')).click()"


@pytest.fixture(scope="module")
def begun_s() -> float:
    """Yesterday the bus drove at this time, and two days before."""
    return time.time() - DAY_S


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, begun_s: float) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("trips")
    scene = cab()
    (folder / "box.yaml").write_text(yaml.safe_dump(scene.config))
    for back in (2, 0):
        write(folder / "timeline.db", scene.messages, begun_s - back * DAY_S)
    with served("--config", str(folder / "box.yaml"), "--state", str(folder)) as found:
        yield found


def shown(tab: Page) -> list[float]:
    """The ends of the chart, Unix seconds; empty before it is drawn."""
    return [end / 1000 for end in tab.run(AXIS) if end]


def test_it_opens_at_the_last_trip_and_lists_all(address: str, tab: Page, shots: Path, begun_s: float) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("Trips", "21.4 km", "3.1 (2)", "critical", "92 %")
    until(lambda: len(ends := shown(tab)) == 2 and ends[0] < begun_s + 65 and begun_s + 2399 < ends[1])
    assert tab.run("document.querySelectorAll('.ev-trips tbody tr').length") == 2
    tab.picture(shots / "timeline-trips-en.png")
    assert faults(tab) == []


def test_a_trip_and_an_alert_lead_to_their_place(address: str, tab: Page, begun_s: float) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("21.4 km", "microsleep")
    earlier = time.strftime("%Y-%m-%d", time.localtime(begun_s - 2 * DAY_S))
    tab.run(PRESS.format(".ev-trips", earlier))
    until(lambda: len(ends := shown(tab)) == 2 and ends[1] < begun_s)
    tab.wait_for("microsleep")
    alert = "[...document.querySelectorAll('.ev-alerts tr')].find(r => r.innerText.includes('microsleep'))"
    tab.run(f"{alert}.querySelector('button').click()")
    until(lambda: len(ends := shown(tab)) == 2 and ends[1] - ends[0] < 300)
    start_s, end_s = shown(tab)
    assert start_s < begun_s - 2 * DAY_S + 1800 < end_s


def test_another_trip_is_laid_beside(address: str, tab: Page, shots: Path) -> None:
    tab.screen(1440, 900)
    tab.open(f"{address}/en/timeline")
    tab.wait_for("21.4 km")
    tab.run("[...document.querySelectorAll('.ev-trips button')].filter(b => b.innerText == 'Compare')[1].click()")
    tab.wait_for("Compared with", "PERCLOS highest")
    until(lambda: tab.run("document.querySelectorAll('.ev-pair .ev-chart svg').length") == 2)
    left, right = tab.run(
        "[...document.querySelectorAll('.ev-pair .ev-chart')].map(c => c.getBoundingClientRect())"
        ".map(place => [place.left, place.top])"
    )
    assert left[0] < right[0] and abs(left[1] - right[1]) < 30, "side by side on a screen of 1440 px"
    figures = tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split('\t'))")
    warned = next(row for row in figures if row[0] == "warning")
    assert warned[1] == warned[2] == "59 s", "both trips are the same drive"
    axes = [
        [word for word in words if re.fullmatch(r"\d:\d\d:\d\d", word)]
        for words in tab.run(
            "[...document.querySelectorAll('.ev-pair .ev-chart')]"
            ".map(c => [...c.querySelectorAll('svg text')].map(t => t.textContent))"
        )
    ]
    assert axes[0] == axes[1] and axes[0][0] == "0:00:00", "both count from their start on one scale"
    tab.picture(shots / "timeline-compared-en.png")


def test_a_day_is_written_as_all_other_dates_and_suggested(address: str, tab: Page, begun_s: float) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("21.4 km")
    days = [time.strftime("%Y-%m-%d", time.localtime(begun_s - back * DAY_S)) for back in (0, 2)]
    until(lambda: tab.run("[...document.querySelectorAll('#ev-days option')].map(o => o.value)") == days)
    field = "document.querySelector('input[list=ev-days]')"
    write_day = "(f => {{ f.value = '{}'; f.dispatchEvent(new Event('change')) }})({})"
    before = shown(tab)
    tab.run(write_day.format("11/28/2026", field))
    assert tab.run(f"{field}.matches(':invalid')"), "the browser says which form it wants"
    tab.run(write_day.format(days[1], field))
    until(lambda: len(ends := shown(tab)) == 2 and ends != before and ends[1] - ends[0] in (82800, 86400, 90000))
    assert shown(tab)[0] < begun_s - 2 * DAY_S < shown(tab)[1]


def test_the_chart_can_be_taken_along_as_a_picture(address: str, tab: Page) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("21.4 km")
    until(lambda: bool(tab.run("!!document.querySelector('.ev-timeline svg path')")))
    number = int(tab.run("document.querySelector('.ev-timeline').id.slice(1)"))
    assert tab.run(PICTURE % (number, "trip")) > 10_000, "a PNG of some size"
    assert tab.errors == []


def test_events_are_saved_as_csv_and_xlsx(address: str, tab: Page) -> None:
    tab.open(f"{address}/en/timeline")
    tab.wait_for("21.4 km", "microsleep")
    tab.run(
        "window.saved = []; const make = URL.createObjectURL;"
        "URL.createObjectURL = blob => { blob.arrayBuffer().then(bytes => saved.push("
        "[blob.type, String.fromCharCode(...new Uint8Array(bytes).slice(0, 300))])); return make.call(URL, blob); }"
    )
    tab.run(PRESS.format(".ev-choice", "CSV").replace("button", "button.ev-button"))
    until(lambda: tab.run("saved.length") == 1)
    tab.run(PRESS.format(".ev-choice", "XLSX").replace("button", "button.ev-button"))
    until(lambda: tab.run("saved.length") == 2)
    (kind, table), (_, book) = tab.run("saved")
    assert kind == "text/csv"
    assert "event,time,start_s,end_s" in table
    assert book.startswith("PK"), "a workbook is a ZIP file"
    assert tab.errors == []
