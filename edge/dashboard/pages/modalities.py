"""Bars of what each modality says of the affect, from -1 to 1; one that was absent says so."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from edge.dashboard.pages.widgets import text
from edge.i18n.labels import Labels

MODALITIES = ("text", "audio", "vision")


class ModalityBars:
    """Built once, filled by `show`."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        with ui.element("div").classes("ev-bars"):
            text("h3", labels("modalities"))
            self._rows = {name: self._row(labels(f"{name}_modality")) for name in MODALITIES}
            with ui.element("p").classes("ev-soft"):
                self._mood = text("span", "")

    def show(self, modalities: Mapping[str, float | None], mood: tuple[float, str] | None) -> None:
        """The score of each, and the mood with its word."""
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
