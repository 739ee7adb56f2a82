"""Widgets of the pages: card, tile, button, chart, table, selection, bars of modalities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from nicegui import ui
from nicegui.element import Element

from edge.dashboard.data.events import MODALITIES
from edge.i18n.texts import Labels


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


def percent(labels: Labels, share: float | None) -> str:
    """A share in percent, or the word for unknown."""
    return labels("unknown") if share is None else f"{100 * share:.0f} %"


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
            value.set_text(self._labels("absent") if score is None else f"{score:+.2f}")
            left, width = (50.0, 0.0) if score is None else (50 + 50 * min(score, 0.0), 50 * abs(score))
            bar.style(f"left: {left:.1f}%; width: {width:.1f}%")
        words = "" if mood is None else f"{self._labels('mood')}: {self._labels(mood[1])} {mood[0]:+.2f}"
        self._mood.set_text(words)

    def _row(self, name: str) -> tuple[ui.element, ui.label]:
        with ui.element("div").classes("ev-bar"):
            text("span", name)
            with ui.element("span").classes("ev-track").props('aria-hidden="true"'):
                bar = ui.element("span")
            return bar, text("b", "–")
