"""The pages, one module each, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui
from nicegui.language import Language as Locale

from edge.dashboard.pages.box import BoxPage
from edge.dashboard.pages.frequencies import FrequenciesPage
from edge.dashboard.pages.layout import DashboardContext, PageLayout, path_of
from edge.dashboard.pages.live import LivePage
from edge.dashboard.pages.timeline import TimelinePage
from edge.i18n.texts import Labels, Language, language_of

_LOCALES: dict[Language, Locale] = {"en": "en-US", "zh": "zh-CN"}


class Page(Protocol):
    """The content of a page in one browser tab."""

    every_s: float
    """Interval between two refreshes."""

    def __init__(self, labels: Labels, context: DashboardContext) -> None: ...

    async def refresh(self) -> None:
        """Query and show. TimelineReadError: the timeline cannot be read."""
        ...


PAGES: Mapping[str, type[Page]] = {
    "live": LivePage,
    "timeline": TimelinePage,
    "frequencies": FrequenciesPage,
    "box": BoxPage,
}


def add_pages(context: DashboardContext) -> None:
    """Register every page in each language, and a start page that selects the language."""

    def start(request: Request) -> RedirectResponse:
        return RedirectResponse(path_of("live", language_of(request.headers.get("accept-language", ""))))

    app.get("/")(start)
    for language, locale in _LOCALES.items():
        for name, page in PAGES.items():
            _add_page(name, page, Labels(language), locale, context)


def _add_page(name: str, page: type[Page], labels: Labels, locale: Locale, context: DashboardContext) -> None:
    title = f"{context.place} · {labels(name)}"

    @ui.page(path_of(name, labels.language), title=title, language=locale)
    def show() -> None:
        frame = PageLayout(name, tuple(PAGES), labels, context)
        with frame.content:
            body = page(labels, context)
        frame.keep(body.refresh, body.every_s)
