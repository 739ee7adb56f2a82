"""The list of trips beside the timeline: each leads to its place, and may be laid beside what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui

from edge.dashboard.charts.style import badge
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.calendar import TimeWindow
from edge.dashboard.data.trips import TripSummary
from edge.dashboard.pages.layout import DashboardContext
from edge.dashboard.pages.widgets import button, card, chart, local_time, percent, redraw, text
from edge.i18n.labels import Labels

_MOST_ROWS = 30
Choose = Callable[[TripSummary], Awaitable[None]]


class TripsCard:
    """Built anew only when the trips are others."""

    def __init__(self, labels: Labels, title: str, show: Choose, compare: Choose) -> None:
        self._labels, self._choose, self._compare = labels, show, compare
        self._shown: Sequence[TripSummary] | None = None
        with card(title) as self._card:
            self._place = ui.element("div").classes("ev-scroll ev-trips").props('tabindex="0"')
            self._place.props(f'role="region" aria-label="{title}"')
        self._card.set_visibility(False)

    def show(self, journeys: Sequence[TripSummary]) -> None:
        """Show the newest, in this order."""
        journeys = journeys[:_MOST_ROWS]
        if journeys == self._shown:
            return
        self._shown = journeys
        self._card.set_visibility(bool(journeys))
        self._place.clear()
        names = ["start", "length", "way", "gravest_alert", "per_hour", "usable", "action"]
        if not any(journey.by_speed for journey in journeys):
            names.remove("way")
        with self._place, ui.element("table"):
            with ui.element("thead"), ui.element("tr"):
                for name in names:
                    text("th", self._labels(name)).props('scope="col"')
            with ui.element("tbody"):
                for journey in journeys:
                    self._row(journey, "way" in names)

    def _row(self, journey: TripSummary, with_way: bool) -> None:
        labels, start = self._labels, local_time(journey.start_s)
        with ui.element("tr"):
            with ui.element("th").props('scope="row"'):
                button(start, partial(self._choose, journey)).classes("ev-link").props(f'title="{labels("show_trip")}"')
            self._cell("length", labels.length(journey.length_s, whole=True))
            if with_way:
                self._cell("way", "–" if journey.distance_km is None else f"{journey.distance_km:.1f} km")
            with ui.element("td").props(f'data-label="{labels("gravest_alert")}"'):
                if journey.gravest is None:
                    text("span", labels("none_of_alerts")).classes("ev-soft")
                else:
                    chip = text("span", labels(journey.gravest.name.lower())).classes("ev-chip ev-badge")
                    chip.style(badge(journey.gravest, labels))
            rate = journey.alerts_per_hour
            self._cell("per_hour", f"{journey.alerts}" if rate is None else f"{rate:.1f} ({journey.alerts})")
            self._cell("usable", percent(labels, journey.judged_ratio))
            with ui.element("td"):
                pressed = button(labels("compare"), partial(self._compare, journey)).classes("ev-link")
                pressed.props(f'aria-label="{labels("compare")}: {start}"')

    def _cell(self, name: str, words: str) -> None:
        """A cell that tells its column where a narrow screen has no head."""
        text("td", words).props(f'data-label="{self._labels(name)}"')


class ComparedTrip:
    """Hidden until a trip is chosen."""

    def __init__(self, labels: Labels, setting: DashboardContext) -> None:
        self._labels, self._setting = labels, setting
        with card(labels("comparison")) as self._card:
            with ui.element("div").classes("ev-controls"):
                self._said = text("span", "").classes("ev-soft").props('role="status"')
                button(labels("close"), lambda: self._card.set_visibility(False))
            self._chart = chart(labels("timeline"), "420px")
        self._card.set_visibility(False)

    async def compare(self, journey: TripSummary) -> None:
        """Draw a trip below what is shown."""
        start_s, end_s = TimeWindow.around(journey.start_s, journey.end_s).ends(journey.end_s)
        found = await asyncio.to_thread(self._setting.feed.window, start_s, end_s)
        self._card.set_visibility(True)
        said = self._labels("compared", start=local_time(journey.start_s), end=local_time(journey.end_s))
        self._said.set_text(said)
        redraw(
            self._chart,
            timeline_chart(found, self._labels, recording=False),
            said,
            timeline_height_px(found),
        )
