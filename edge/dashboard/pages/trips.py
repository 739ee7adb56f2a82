"""The list of trips on the timeline page, and the chart that compares a trip with the shown one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui

from edge.dashboard.charts.style import badge
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.calendar import TimeWindow
from edge.dashboard.data.trips import TripSummary
from edge.dashboard.pages.layout import DashboardContext, button, card, chart, local_time, percent, redraw, text
from edge.i18n.texts import Labels

_MAX_ROWS = 30
Choose = Callable[[TripSummary], Awaitable[None]]


class TripsCard:
    """Redrawn only when the trips change."""

    def __init__(self, labels: Labels, title: str, show: Choose, compare: Choose) -> None:
        self._labels, self._choose, self._compare = labels, show, compare
        self._shown: Sequence[TripSummary] | None = None
        with card(title) as self._card:
            self._place = ui.element("div").classes("ev-scroll ev-trips").props('tabindex="0"')
            self._place.props(f'role="region" aria-label="{title}"')
        self._card.set_visibility(False)

    def show(self, trips: Sequence[TripSummary]) -> None:
        """Show the newest trips in this order."""
        trips = trips[:_MAX_ROWS]
        if trips == self._shown:
            return
        self._shown = trips
        self._card.set_visibility(bool(trips))
        self._place.clear()
        names = ["start", "length", "way", "gravest_alert", "per_hour", "usable", "action"]
        if not any(trip.by_speed for trip in trips):
            names.remove("way")
        with self._place, ui.element("table"):
            with ui.element("thead"), ui.element("tr"):
                for name in names:
                    text("th", self._labels(name)).props('scope="col"')
            with ui.element("tbody"):
                for trip in trips:
                    self._row(trip, "way" in names)

    def _row(self, trip: TripSummary, with_way: bool) -> None:
        labels, start = self._labels, local_time(trip.start_s)
        with ui.element("tr"):
            with ui.element("th").props('scope="row"'):
                button(start, partial(self._choose, trip)).classes("ev-link").props(f'title="{labels("show_trip")}"')
            self._cell("length", labels.length(trip.length_s, whole=True))
            if with_way:
                self._cell("way", "–" if trip.distance_km is None else f"{trip.distance_km:.1f} km")
            with ui.element("td").props(f'data-label="{labels("gravest_alert")}"'):
                if trip.gravest is None:
                    text("span", labels("none_of_alerts")).classes("ev-soft")
                else:
                    chip = text("span", labels(trip.gravest.name.lower())).classes("ev-chip ev-badge")
                    chip.style(badge(trip.gravest, labels))
            rate = trip.alerts_per_hour
            self._cell("per_hour", f"{trip.alerts}" if rate is None else f"{rate:.1f} ({trip.alerts})")
            self._cell("usable", percent(labels, trip.judged_ratio))
            with ui.element("td"):
                pressed = button(labels("compare"), partial(self._compare, trip)).classes("ev-link")
                pressed.props(f'aria-label="{labels("compare")}: {start}"')

    def _cell(self, name: str, words: str) -> None:
        """A cell with the label of its column, for narrow screens without a table head."""
        text("td", words).props(f'data-label="{self._labels(name)}"')


class ComparedTrip:
    """The chart of a second trip; hidden until one is selected."""

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        with card(labels("comparison")) as self._card:
            with ui.element("div").classes("ev-controls"):
                self._status = text("span", "").classes("ev-soft").props('role="status"')
                button(labels("close"), lambda: self._card.set_visibility(False))
            self._chart = chart(labels("timeline"), "420px")
        self._card.set_visibility(False)

    async def compare(self, trip: TripSummary) -> None:
        """Draw a trip below the shown one."""
        start_s, end_s = TimeWindow.around(trip.start_s, trip.end_s).ends(trip.end_s)
        found = await asyncio.to_thread(self._context.timeline.window, start_s, end_s)
        self._card.set_visibility(True)
        title = self._labels("compared", start=local_time(trip.start_s), end=local_time(trip.end_s))
        self._status.set_text(title)
        redraw(
            self._chart,
            timeline_chart(found, self._labels, False, self._context.perclos_thresholds),
            title,
            timeline_height_px(found),
        )
