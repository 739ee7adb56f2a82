"""The pages, one module each; every one in each language."""

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
from edge.i18n.catalogue import Language
from edge.i18n.labels import Labels, language_of

_LOCALES: dict[Language, Locale] = {"en": "en-US", "zh": "zh-CN"}


class Page(Protocol):
    """What one open browser shows below the head."""

    every_s: float
    """How often it is read anew."""

    def __init__(self, labels: Labels, setting: DashboardContext) -> None: ...

    async def refresh(self) -> None:
        """Read and show; TimelineReadError where the timeline cannot be read."""
        ...


PAGES: Mapping[str, type[Page]] = {
    "live": LivePage,
    "timeline": TimelinePage,
    "frequencies": FrequenciesPage,
    "box": BoxPage,
}


def add_pages(setting: DashboardContext) -> None:
    """Register every page in each language, and a start page that picks one."""

    def start(request: Request) -> RedirectResponse:
        return RedirectResponse(path_of("live", language_of(request.headers.get("accept-language", ""))))

    app.get("/")(start)
    for language, locale in _LOCALES.items():
        for name, page in PAGES.items():
            _add_page(name, page, Labels(language), locale, setting)


def _add_page(name: str, page: type[Page], labels: Labels, locale: Locale, setting: DashboardContext) -> None:
    title = f"{setting.place} · {labels(name)}"

    @ui.page(path_of(name, labels.language), title=title, language=locale)
    def show() -> None:
        frame = PageLayout(name, tuple(PAGES), labels, setting)
        with frame.content:
            body = page(labels, setting)
        frame.keep(body.refresh, body.every_s)
