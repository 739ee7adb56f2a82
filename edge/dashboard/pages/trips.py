"""The list of trips on the timeline page, and a trip beside the shown window."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from nicegui import ui

from edge.dashboard.charts.style import badge
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.aggregates import Aggregates
from edge.dashboard.data.calendar import TimeWindow
from edge.dashboard.data.trips import TripSummary
from edge.dashboard.pages.layout import DashboardContext, button, card, chart, local_time, redraw, table, text
from edge.i18n.texts import Labels, signed
from edge.messages import Level

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
            self._cell("usable", labels.percent(trip.judged_ratio))
            with ui.element("td"):
                pressed = button(labels("compare"), partial(self._compare, trip)).classes("ev-link")
                pressed.props(f'aria-label="{labels("compare")}: {start}"')

    def _cell(self, name: str, words: str) -> None:
        """A cell with the label of its column, for narrow screens without a table head."""
        text("td", words).props(f'data-label="{self._labels(name)}"')


class ComparedTrip:
    """The shown window and a selected trip side by side: their figures, then their charts."""

    def __init__(self, labels: Labels, context: DashboardContext, shown: Callable[[], tuple[float, float]]) -> None:
        """`shown` returns the ends of the shown window, Unix seconds."""
        self._labels, self._context, self._shown = labels, context, shown
        with card(labels("comparison")) as self._card:
            with ui.element("div").classes("ev-controls"):
                self._status = text("span", "").classes("ev-soft").props('role="status"')
                button(labels("close"), lambda: self._card.set_visibility(False))
            self._figures = ui.element("div")
            with ui.element("div").classes("ev-pair"):
                self._charts = [self._half(), self._half()]
        self._card.set_visibility(False)

    def _half(self) -> tuple[ui.label, ui.echart]:
        with ui.element("div"):
            return text("h3", ""), chart(self._labels("timeline"), "420px")

    async def compare(self, trip: TripSummary) -> None:
        """Draw the shown window and, beside it, `trip`."""
        ends = (self._shown(), TimeWindow.around(trip.start_s, trip.end_s).ends(trip.end_s))
        timeline = self._context.timeline
        both = [await asyncio.to_thread(timeline.window, *end) for end in ends]
        lengths = [await asyncio.to_thread(timeline.level_lengths, *end) for end in ends]
        self._card.set_visibility(True)
        title = self._labels("compared", start=local_time(trip.start_s), end=local_time(trip.end_s))
        self._status.set_text(title)
        names = [self._labels("from_to", start=local_time(part.start_s), end=local_time(part.end_s)) for part in both]
        thresholds, length_s = self._context.perclos_thresholds, max(part.end_s - part.start_s for part in both)
        for name, (heading, drawn), found in zip(names, self._charts, both, strict=True):
            heading.set_text(name)
            redraw(
                drawn, timeline_chart(found, self._labels, False, thresholds, length_s), name, timeline_height_px(found)
            )
        self._figures.clear()
        with self._figures:
            rows = [comparable(found, at, self._labels) for found, at in zip(both, lengths, strict=True)]
            table(("", *names), [(key, *(row.get(key, "–") for row in rows)) for key in {**rows[0], **rows[1]}])


def comparable(found: Aggregates, lengths_s: Mapping[str, float], labels: Labels) -> dict[str, str]:
    """The figures of a window that can be compared with another one's; what is not recorded is left out.

    `lengths_s`: seconds at each level.
    """
    figures: dict[str, str] = {}
    if lengths_s:
        for name in (*(level.name.lower() for level in Level), "unknown"):
            figures[labels(name)] = labels.length(lengths_s.get(name, 0.0), whole=True)
    shares = [step.perclos_60 for step in found.steps if step.perclos_60 is not None]
    if shares:
        figures[labels("perclos_max")] = labels.percent(max(shares))
    scores = [(step.mean, step.count) for step in found.score_steps]
    scores += [(item.score, 1) for item in found.utterance_summaries if item.score is not None]
    if scores:
        mean = sum(score * count for score, count in scores) / sum(count for _, count in scores)
        figures[labels("score_mean")] = signed(mean)
    negative = [step.negative_share for step in found.group_steps if step.negative_share is not None]
    if negative:
        figures[labels("negative_share")] = labels.percent(sum(negative) / len(negative))
    figures[labels("alerts")] = str(len(found.incidents))
    gravest = max((incident.level for incident in found.incidents), default=None)
    figures[labels("gravest_alert")] = labels("none_of_alerts" if gravest is None else gravest.name.lower())
    return figures
