"""The local page: one route a language, refreshed once a second."""

from __future__ import annotations

import asyncio
import time

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui
from nicegui.language import Language as Locale

from edge.dashboard import charts
from edge.dashboard.feed import Feed, FeedError
from edge.dashboard.labels import LANGUAGE_NAMES, LANGUAGES, Labels, Language
from edge.dashboard.panels import StatePanel
from edge.dashboard.report import STYLE

_LOCALES: dict[Language, Locale] = {"en": "en-US", "zh": "zh-CN"}
_REFRESH_S = 1.0
_WINDOWS_S = (600, 3600, 8 * 3600, 24 * 3600)
_STEPS = 600
"""The chart is drawn anew when its window has moved by one of so many steps."""


def add_pages(feed: Feed, quiet_s: float) -> None:
    """Register the page in each language, and a start page that picks one.

    Args:
        feed: What the page shows.
        quiet_s: Time without a record after which the page says that the box may not be running.
    """

    def start(request: Request) -> RedirectResponse:
        wanted = request.headers.get("accept-language", "").lower().startswith("zh")
        return RedirectResponse("/zh" if wanted else "/en")

    app.get("/")(start)
    for language, locale in _LOCALES.items():
        _add_page(language, locale, feed, quiet_s)


def _add_page(language: Language, locale: Locale, feed: Feed, quiet_s: float) -> None:
    labels = Labels(language)

    @ui.page(f"/{language}", title=labels("dashboard"), language=locale)
    async def page() -> None:
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        ui.query(".nicegui-content").classes("ev-page")
        await _Page(labels, feed, quiet_s).refresh()


class _Page:
    """What one open browser shows."""

    def __init__(self, labels: Labels, feed: Feed, quiet_s: float) -> None:
        self._labels, self._feed = labels, feed
        self._window_s = _WINDOWS_S[0]
        self._drawn_s = 0.0
        self._busy = False
        self._head()
        self._note = ui.label().classes("ev-note").props('role="status"')
        self._state = StatePanel(labels, quiet_s)
        self._timeline()
        ui.timer(_REFRESH_S, self.refresh, immediate=False)

    def _head(self) -> None:
        with ui.element("header").classes("ev-head"):
            with ui.element("h1"):
                ui.label(self._labels("dashboard"))
            with ui.element("nav").props(f'aria-label="{self._labels("other_language")}"'):
                for other in LANGUAGES:
                    if other != self._labels.language:
                        ui.link(LANGUAGE_NAMES[other], f"/{other}").props(f'lang="{other}"')

    def _timeline(self) -> None:
        with ui.element("section").classes("ev-card"):
            with ui.element("div").classes("ev-head"):
                with ui.element("h2"):
                    ui.label(self._labels("timeline"))
                names = {
                    window_s: self._labels("minutes", n=window_s // 60)
                    if window_s < 3600
                    else self._labels("hours", n=window_s // 3600)
                    for window_s in _WINDOWS_S
                }
                ui.toggle(names, value=self._window_s, on_change=lambda event: self._show(event.value)).props(
                    "no-caps dense unelevated"
                )
            with ui.element("p").classes("ev-soft"):
                for level, colour in charts.LEVEL_COLOURS.items():
                    ui.label(self._labels(level.name.lower())).classes("ev-chip").style(f"--level: {colour}")
            self._chart = ui.echart({}, renderer="svg").classes("ev-chart")

    async def _show(self, window_s: int) -> None:
        self._window_s, self._drawn_s = window_s, 0.0
        await self.refresh()

    async def refresh(self) -> None:
        """Show what the timeline holds now, read in a thread; a slow reading is not overtaken."""
        if self._busy:
            return
        self._busy = True
        try:
            await self._read()
            self._note.set_text("")
        except FeedError as error:
            self._note.set_text(self._labels("unreadable", error=error))
        finally:
            self._busy = False
        if not self._feed.exists:
            self._note.set_text(self._labels("no_timeline", path=self._feed.path))
        self._note.set_visibility(bool(self._note.text))

    async def _read(self) -> None:
        now_s = time.time()
        state = await asyncio.to_thread(self._feed.state)
        self._state.show(state, now_s)
        if now_s - self._drawn_s < self._window_s / _STEPS:
            return
        found = await asyncio.to_thread(self._feed.window, now_s - self._window_s, now_s)
        self._drawn_s = now_s
        self._chart.options.clear()
        self._chart.options.update(charts.timeline(found, self._labels, recording=False))
        self._chart.style(f"height: {charts.timeline_height_px(found)}px")
        self._chart.update()
