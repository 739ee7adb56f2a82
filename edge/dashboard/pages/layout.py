"""The layout that all pages share: head, navigation, language, theme, error note; and the context of the dashboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nicegui import ui

from edge.config.delivery import HealthConfig
from edge.config.purpose import ALLOWANCES, Purpose
from edge.dashboard.auth.middleware import LOGOUT
from edge.dashboard.box_link import BoxLink
from edge.dashboard.charts.timeline_lanes import PERCLOS_THRESHOLDS
from edge.dashboard.data.queries import TimelineQueries, TimelineReadError
from edge.dashboard.pages.widgets import text
from edge.dashboard.report import STYLE
from edge.i18n.texts import LANGUAGE_NAMES, LANGUAGES, Labels, Language

_PAGE_STYLE = Path(__file__).parents[1] / "templates" / "page.css"
_CONTENT = "content"
_THEME_SCRIPT = """<script>
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
function otherTheme() {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}
</script>"""


@dataclass(frozen=True, slots=True)
class DashboardContext:
    """The data sources and settings of one dashboard."""

    timeline: TimelineQueries
    place: str
    """Name of the box for people."""
    quiet_s: float
    """After this time without a record the page says that the box may not be running."""
    purpose: Purpose | None = None
    """None: only a timeline is given, which holds what its purpose permitted."""
    link: BoxLink | None = None
    """None without a broker or a configuration."""
    health: HealthConfig | None = None
    """Address of `/healthz`; None without a configuration."""
    guarded: bool = False
    """Whether there is a login, and so a logout."""
    prefix: str = ""
    """Path before every address behind a reverse proxy."""
    perclos_thresholds: tuple[float, ...] = PERCLOS_THRESHOLDS
    """Shares at which PERCLOS raises a level."""

    def records(self, kind: str) -> bool:
        """Whether the purpose permits messages of `kind`."""
        return self.purpose is None or kind in ALLOWANCES[self.purpose].kinds

    def withheld(self, labels: Labels, what: str) -> str:
        """The sentence for a part of a page that the purpose forbids."""
        purpose = labels(self.purpose.value) if self.purpose else ""
        return labels("not_for_purpose", what=labels(what), purpose=purpose)


def path_of(page: str, language: Language) -> str:
    """Path of a page; the live page has the shortest."""
    return f"/{language}" if page == "live" else f"/{language}/{page}"


class PageLayout:
    """Built once per browser tab; the page goes into `content`."""

    def __init__(self, page: str, pages: Sequence[str], labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context, self._busy = labels, context, False
        ui.add_css(STYLE.read_text(encoding="utf-8") + _PAGE_STYLE.read_text(encoding="utf-8"))
        ui.add_head_html(_THEME_SCRIPT)
        ui.query(".nicegui-content").classes("ev-page")
        self._head(page, pages)
        self._note = ui.label().classes("ev-note").props('role="status"')
        self._note.set_visibility(False)
        self.content = ui.element("div").props(f'id="{_CONTENT}" tabindex="-1"').classes("ev-main")
        with self.content, ui.element("h1").classes("ev-unseen"):
            ui.label(labels(page))

    def keep(self, refresh: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Refresh the page when it opens and then periodically; refreshes do not overlap."""

        async def guarded() -> None:
            if self._busy:
                return
            self._busy = True
            try:
                await refresh()
                fault = ""
            except TimelineReadError as error:
                fault = self._labels("unreadable", error=error)
            finally:
                self._busy = False
            if not self._context.timeline.exists:
                fault = self._labels("no_timeline", path=self._context.timeline.path)
            self._note.set_text(fault)
            self._note.set_visibility(bool(fault))

        ui.timer(every_s, guarded)

    def _head(self, page: str, pages: Sequence[str]) -> None:
        labels = self._labels
        ui.link(labels("skip"), f"#{_CONTENT}").classes("ev-skip")
        with ui.element("header").classes("ev-head"):
            text("span", self._context.place).classes("ev-brand")
            with ui.element("nav").classes("ev-nav").props(f'aria-label="{labels("pages")}"'):
                for other in pages:
                    link = ui.link(labels(other), path_of(other, labels.language))
                    if other == page:
                        link.props('aria-current="page"')
            with ui.element("div").classes("ev-tools"):
                for language in LANGUAGES:
                    if language != labels.language:
                        ui.link(LANGUAGE_NAMES[language], path_of(page, language)).props(f'lang="{language}"')
                theme = text("button", "◐").classes("ev-button").on("click", js_handler="() => otherTheme()")
                theme.props(f'type="button" aria-label="{labels("theme")}" title="{labels("theme")}"')
                if self._context.guarded:
                    with ui.element("form").props(f'method="post" action="{self._context.prefix}{LOGOUT}"'):
                        text("button", labels("logout")).classes("ev-button").props('type="submit"')
