"""Pictures of every page and report of five boxes, on three screens, light and dark, in both languages.

They are kept in build/screenshots for somebody to look at; the machine finds what sticks out, what throws, and, once a
page, what axe-core holds to be a barrier. In the suite each page meets each screen once, themes and languages in turn;
EMVAS_GALLERY=all takes all twelve of each.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from browser import Page, faults
from dashboards import served, write
from mqtt_helpers import until
from scenes import SCENES

from edge.config import Config
from edge.dashboard.report.html import render_report
from edge.dashboard.report.report_data import from_messages
from edge.i18n.texts import LANGUAGES, Labels, Language

SCREENS = {"wide": (1440, 900), "cab": (1024, 600), "phone": (390, 844)}
THEMES = ("light", "dark")
PAGES = {
    "": "!!document.querySelector('.ev-level')?.innerText",
    "/timeline": "!!document.querySelector('.ev-timeline svg') && !!document.querySelector('.ev-alerts')?.innerText",
    "/frequencies": "document.querySelectorAll('.ev-chart svg text').length > 9"
    " || /no records|没有/i.test(document.body?.innerText)",
    "/box": "!!document.querySelector('.ev-verdict')?.innerText",
}
"""Of each page when it is drawn."""
FILLED = """[...document.querySelectorAll('#timeline svg, .ev-chart svg')].filter(svg => svg.clientWidth).every(svg =>
  svg.clientWidth > 0.9 * svg.closest('[id]').clientWidth &&
  [...svg.querySelectorAll('text')].some(word => word.getBoundingClientRect().right >
    svg.getBoundingClientRect().left + 0.55 * svg.clientWidth))"""
"""Whether each chart fills its place: it follows the width of the page a moment later."""
AHEAD_S = 60.0
"""The last record lies so far ahead of the clock that a busy machine still finds the box alive."""
FITS = "document.documentElement.scrollWidth <= innerWidth"
Look = tuple[str, str, Language]


def looks() -> list[Look]:
    """Screen, theme and language of each picture of a page."""
    every = list(itertools.product(SCREENS, THEMES, LANGUAGES))
    return every if os.environ.get("EMVAS_GALLERY") == "all" else [every[0], every[7], every[10]]


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The name of a scene, and the address of its dashboard."""
    name, folder = str(request.param), tmp_path_factory.mktemp(str(request.param))
    made = SCENES[name]()
    (folder / "box.yaml").write_text(yaml.safe_dump(made.config, allow_unicode=True), encoding="utf-8")
    if made.messages:
        write(folder / "timeline.db", made.messages, time.time() - made.length_s + AHEAD_S)
    with served("--config", str(folder / "box.yaml"), "--state", str(folder)) as address:
        yield name, address


def look(tab: Page, url: str, chosen: Look, picture: Path, drawn: str) -> None:
    """Open a page as somebody would see it, wait until it is drawn, keep the picture."""
    screen, theme, _ = chosen
    tab.prefer(theme)
    tab.screen(*SCREENS[screen])
    tab.open(url)
    until(lambda: bool(tab.run(drawn)), 20.0)
    time.sleep(0.3)  # a theme fades in
    picture.parent.mkdir(exist_ok=True)

    def taken() -> bool:
        tab.picture(picture)
        return bool(tab.run(FILLED))

    until(lambda: bool(tab.run(FILLED)) and taken(), 20.0)
    assert tab.run(FITS), f"something sticks out of {picture.name}"
    assert tab.errors == []


def test_every_page_of_every_box_fits_every_screen(scene: tuple[str, str], tab: Page, shots: Path) -> None:
    name, address = scene
    for page, drawn in PAGES.items():
        for chosen in looks():
            file = f"{name}{page.replace('/', '-') or '-live'}-{'-'.join(chosen)}.png"
            look(tab, f"{address}/{chosen[2]}{page}", chosen, shots / "gallery" / file, drawn)
        assert faults(tab) == [], page


@pytest.mark.parametrize("name", SCENES)
def test_every_report_fits_every_screen(name: str, tab: Page, shots: Path, tmp_path: Path) -> None:
    made = SCENES[name]()
    box = Config.model_validate(made.config)
    subject = from_messages(box.box.place, made.messages, allowance=box.allowance)
    for chosen in looks():
        page = tmp_path / f"{chosen[2]}.html"
        page.write_text(render_report(subject, Labels(chosen[2])), encoding="utf-8")
        file = f"{name}-report-{'-'.join(chosen)}.png"
        look(
            tab,
            page.as_uri(),
            chosen,
            shots / "gallery" / file,
            "document.querySelector('#timeline svg')?.clientWidth > 250" if made.messages else "!!document.body",
        )
        assert tab.run("document.getElementById('fontless').hidden"), "there is a font for Chinese here"
    assert faults(tab) == []
