"""One browser for all tests of pages: to start one takes longer than most of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Page, browser


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="package")
def shots() -> Path:
    """Where pictures of the pages are kept: build output."""
    folder = Path(__file__).parents[2] / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def tab(chromium: Page) -> Page:
    """The browser with an empty page, without cookies, at the size of a 7-inch screen."""
    chromium.open("about:blank")
    chromium.forget()
    chromium.prefer("light")
    chromium.screen(1024, 600)
    return chromium


@pytest.fixture
def box_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the clock of the box to a zone of the tz database."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    with monkeypatch.context():
        yield set_zone
    monkeypatch.undo()
    time.tzset()
