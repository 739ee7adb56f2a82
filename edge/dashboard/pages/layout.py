"""What all pages share: head, navigation and context; widgets: card, tile, button, chart, table, selection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.element import Element

from edge.config.delivery import HealthConfig
from edge.config.purpose import ALLOWANCES, Purpose
from edge.dashboard.auth.middleware import LOGOUT
from edge.dashboard.box_link import BoxLink
from edge.dashboard.charts.timeline_lanes import PERCLOS_THRESHOLDS
from edge.dashboard.data.events import MODALITIES
from edge.dashboard.data.queries import TimelineQueries, TimelineReadError
from edge.dashboard.report import STYLE
from edge.i18n.texts import LANGUAGE_NAMES, LANGUAGES, Labels, Language, signed


def text(tag: str, words: str) -> ui.label:
    """An element with text."""
    label = ui.label(words)
    label.tag = tag
    return label


def card(title: str, *classes: str) -> AbstractContextManager[Element]:
    """A section with a heading; use it with `with` to add its content."""
    section = ui.element("section").classes(" ".join(("ev-card", *classes)))
    with section:
        text("h2", title)
    return section


class Tile:
    """A figure below its name, with an optional note."""

    def __init__(self, name: str, note: bool = False) -> None:
        with ui.element("div").classes("ev-tile") as self._tile:
            text("span", name)
            self._figure = text("b", "–")
            self._note = text("span", "") if note else None

    def set(self, figure: str, note: str = "", badge: str | None = None) -> None:
        """Show a figure, a note, and the badge of a level (`edge.dashboard.charts.style.badge`) if given."""
        self._figure.set_text(figure)
        self._figure.classes(add="ev-chip ev-badge" if badge else "", remove="" if badge else "ev-chip ev-badge")
        self._figure.style(badge or "")
        if self._note is not None:
            self._note.set_text(note)

    def show(self, shown: bool) -> None:
        """Show or hide the tile."""
        self._tile.set_visibility(shown)


def button(words: str, pressed: Callable[[], Any]) -> ui.label:
    """A native button."""
    return text("button", words).classes("ev-button").props('type="button"').on("click", pressed, args=[])


def chart(name: str, height: str) -> ui.echart:
    """An empty chart for `redraw`; SVG, so that it follows the colours of the page."""
    made = ui.echart({}, renderer="svg").classes("ev-chart").style(f"height: {height}").props('role="img"')
    made.props["aria-label"] = name
    return made


def redraw(drawn: ui.echart, options: dict[str, Any], description: str, height_px: int | None = None) -> None:
    """Show `options` if they changed; `description` is for screen readers."""
    if drawn.options == options and drawn.props.get("aria-label") == description:
        return
    drawn.options.clear()
    drawn.options.update(options)
    drawn.props["aria-label"] = description
    if height_px is not None:
        drawn.style(f"height: {height_px}px")
    drawn.update()
    drawn.run_chart_method("resize")  # a chart created before the page has its width keeps the 100 px of ECharts


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of plain text."""
    with ui.element("div").classes("ev-scroll").props('tabindex="0"'), ui.element("table"):
        with ui.element("thead"), ui.element("tr"):
            for name in head:
                text("th", name).props('scope="col"')
        with ui.element("tbody"):
            for row in rows:
                with ui.element("tr"):
                    for index, cell in enumerate(row):
                        text("td", cell) if index else text("th", cell).props('scope="row"')


def choice(label: str, options: dict[str, str], value: str, chosen: Callable[[str], Any]) -> Element:
    """A native selection with its label."""
    with ui.element("label").classes("ev-choice"):
        text("span", label)
        select = ui.element("select").on(
            "change", lambda event: chosen(str(event.args)), js_handler="(event) => emit(event.target.value)"
        )
        with select:
            for name, words in options.items():
                option = text("option", words).props(f'value="{name}"')
                if name == value:
                    option.props("selected")
    return select


def local_time(wall_s: float) -> str:
    """Local date and time of the box."""
    return datetime.fromtimestamp(wall_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


class ModalityBars:
    """Bars from -1 to 1 of the score of each modality; an absent modality is labelled as absent."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        with ui.element("div").classes("ev-bars"):
            text("h3", labels("modalities"))
            self._rows = {name: self._row(labels(f"{name}_modality")) for name in MODALITIES}
            with ui.element("p").classes("ev-soft"):
                self._mood = text("span", "")

    def show(self, modalities: Mapping[str, float | None], mood: tuple[float, str] | None) -> None:
        """Show the score of each modality, and the mood with its word."""
        for name, (bar, value) in self._rows.items():
            score = modalities.get(name)
            value.set_text(self._labels("absent") if score is None else signed(score))
            left, width = (50.0, 0.0) if score is None else (50 + 50 * min(score, 0.0), 50 * abs(score))
            bar.style(f"left: {left:.1f}%; width: {width:.1f}%")
        felt = "" if mood is None else f"{self._labels(mood[1])} {signed(mood[0])}"
        words = self._labels.explained(self._labels("mood"), felt) if felt else ""
        self._mood.set_text(words)

    def _row(self, name: str) -> tuple[ui.element, ui.label]:
        with ui.element("div").classes("ev-bar"):
            text("span", name)
            with ui.element("span").classes("ev-track").props('aria-hidden="true"'):
                bar = ui.element("span")
            return bar, text("b", "–")


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
