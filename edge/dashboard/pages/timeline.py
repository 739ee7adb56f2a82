"""The timeline page: affect, PERCLOS, level bands and alerts on one time axis, with export as CSV, XLSX and PNG."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from nicegui import ui

from edge.config.purpose import ALLOWANCES
from edge.dashboard.charts.style import badge
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.aggregates import Aggregates
from edge.dashboard.data.calendar import WINDOWS_S, TimeWindow, day_named, day_of, zone_text
from edge.dashboard.data.deserialize import RecordError
from edge.dashboard.data.events import MODALITIES, Incident
from edge.dashboard.data.trips import TripSummary
from edge.dashboard.event_text import utterance_text
from edge.dashboard.pages.alert_table import AlertTable
from edge.dashboard.pages.layout import DashboardContext, button, card, chart, local_time, redraw, table, text
from edge.dashboard.pages.trips import ComparedTrip, TripsCard
from edge.dashboard.report.report_data import ReportData, from_timeline
from edge.dashboard.report.tables import as_xlsx, csv_text, events_table
from edge.i18n.texts import Labels
from edge.messages import Level

PICTURE = """(async () => {
  const svg = document.querySelector("#c%d svg"), box = svg.getBoundingClientRect(), scale = 2;
  const copy = svg.cloneNode(true), style = getComputedStyle(document.body);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.color = style.color; copy.style.fontFamily = style.fontFamily;
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(copy.outerHTML);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = scale * box.width; canvas.height = scale * box.height;
  const pen = canvas.getContext("2d");
  pen.fillStyle = style.backgroundColor; pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const link = document.createElement("a");
  link.download = "%s.png"; link.href = canvas.toDataURL("image/png"); link.click();
  return link.href.length;
})()"""
"""Draws the SVG of an element at double size and saves it. Arguments: number of the element, file name."""


class Exports:
    """Buttons; `ends` returns the shown period (Unix seconds), `chart` is the element of the chart."""

    def __init__(
        self, labels: Labels, context: DashboardContext, ends: Callable[[], tuple[float, float]], chart: ui.echart
    ) -> None:
        self._labels, self._context, self._ends, self._chart = labels, context, ends, chart
        with ui.element("span").classes("ev-choice"):
            text("span", labels("save_as"))
            button("CSV", self._csv)
            button("XLSX", self._xlsx)
            button("PNG", self._png)
        self._status = text("span", "").classes("ev-soft").props('role="status"')

    async def _csv(self) -> None:
        if (data := await self._report_data()) is not None:
            ui.download.content(csv_text(data).encode("utf-8-sig"), f"{self._name()}.csv", "text/csv")

    async def _xlsx(self) -> None:
        if (data := await self._report_data()) is not None:
            book = await asyncio.to_thread(lambda: as_xlsx({"events": events_table([data])}))
            ui.download.content(book, f"{self._name()}.xlsx")

    def _png(self) -> None:
        self._chart.client.run_javascript(PICTURE % (self._chart.id, self._name()))

    async def _report_data(self) -> ReportData | None:
        context, (start_s, end_s) = self._context, self._ends()
        allowance = ALLOWANCES[context.purpose] if context.purpose else None
        try:
            found = await asyncio.to_thread(
                from_timeline, context.timeline.path, start_s, end_s, allowance, context.place
            )
        except RecordError as error:
            self._status.set_text(self._labels("unreadable", error=error))
            return None
        self._status.set_text("")
        return found

    def _name(self) -> str:
        begun = datetime.fromtimestamp(self._ends()[0]).astimezone()
        return f"{self._context.place.replace(' · ', '-').replace(' ', '_')}-{begun:%Y-%m-%dT%H%M}"


_MAX_ROWS = 50
_LISTED_S = 64 * 86_400.0
"""The list of trips covers the longest usual retention, 9 weeks."""
_LIST_EVERY_S = 60.0
_BEFORE_ALERT_S = 120.0
_DAYS = "ev-days"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""ISO 8601. A field of type `date` shows the browser's own form, which differs from all other dates of the page."""
_IF_VALID = "(event) => event.target.reportValidity() && emit(event.target.value)"
_DETAIL_BELOW = 0.5
"""A zoom to less than this share of the window queries finer steps."""


class TimelinePage:
    """Follows the present until the user selects another time."""

    every_s = 1.0

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        self._window, self._drawn_s = TimeWindow(), float("-inf")
        self._listed_s = float("-inf")
        with card(labels("timeline")):
            self._controls()
            self._shown = text("p", "").classes("ev-soft").props('role="status"')
            of_persons = context.records("fatigue")
            with ui.element("p").classes("ev-soft ev-legend"):
                for level in Level if of_persons else ():
                    text("span", labels(level.name.lower())).classes("ev-chip ev-badge").style(badge(level, labels))
            if context.records("affect"):
                with ui.element("p").classes("ev-soft ev-legend"):
                    for name in MODALITIES:
                        with ui.element("span").classes("er-key"):
                            ui.element("i").classes(f"er-{name}")
                            text("span", labels(f"{name}_modality"))
            self._chart = chart(labels("timeline"), "420px")
            self._chart.classes("ev-timeline")
            self._chart.on("chart:datazoom", self._zoomed, throttle=0.4, leading_events=False)
            text("p", labels("zoom_hint")).classes("ev-soft")
            Exports(labels, context, lambda: self._window.ends(time.time()), self._chart)
            for kind, what in (("affect", "affect"), ("fatigue", "fatigue_levels")):
                if not context.records(kind):
                    text("p", context.withheld(labels, what)).classes("ev-soft")
        self._compared = ComparedTrip(labels, context, lambda: self._window.ends(time.time()))
        self._trips = TripsCard(
            labels, labels("trips" if of_persons else "lessons"), self._show_trip, self._compared.compare
        )
        with card(labels("alerts")):
            self._alerts = AlertTable(labels, None, self._to_alert)
        with card(labels("words")) as self._words_card:
            self._words = ui.element("div")
        self._words_card.set_visibility(False)

    async def refresh(self) -> None:
        """Query and draw when a redraw is due; opens at the last trip if the present has no records."""
        asked_s = time.monotonic()
        if asked_s - self._listed_s > _LIST_EVERY_S:
            opened, self._listed_s = self._listed_s > float("-inf"), asked_s
            trips = await asyncio.to_thread(self._context.timeline.trips, time.time() - _LISTED_S, time.time())
            self._trips.show(trips)
            self._offer(trips)
            last = next(iter(trips), None)
            if last and not opened and time.time() - last.end_s > self._window.length_s:
                self._window = TimeWindow.around(last.start_s, last.end_s)
                self._press()
        if asked_s - self._drawn_s < self._window.redraw_s:
            return
        now_s, window = time.time(), self._window
        found = await asyncio.to_thread(self._context.timeline.window, *window.ends(now_s), window.zoomed(now_s))
        if window == self._window:  # else the user selected another window meanwhile
            self._drawn_s = asked_s
            self._draw(found)

    def _controls(self) -> None:
        labels = self._labels
        with ui.element("div").classes("ev-controls").props(f'role="group" aria-label="{labels("window")}"'):
            self._windows = {}
            for length_s in WINDOWS_S:
                name = labels("minutes", n=f"{length_s / 60:.0f}") if length_s < 3600 else ""
                name = name or labels("hours", n=f"{length_s / 3600:.0f}")
                self._windows[length_s] = button(name, partial(self._go, TimeWindow(length_s)))
            button("‹", lambda: self._go(self._window.moved(-1, time.time()))).props(_named(labels("earlier")))
            button("›", lambda: self._go(self._window.moved(1, time.time()))).props(_named(labels("later")))
            button("+", lambda: self._go(self._window.scaled(0.5, time.time()))).props(_named(labels("zoom_in")))
            button("−", lambda: self._go(self._window.scaled(2.0, time.time()))).props(_named(labels("zoom_out")))
            button(labels("now"), lambda: self._go(TimeWindow(self._window.length_s)))
            with ui.element("label").classes("ev-choice"):
                text("span", labels("day"))
                day = ui.element("input").props(f'type="text" inputmode="numeric" pattern="{_DAY}" list="{_DAYS}"')
                day.props(f'placeholder="{day_of(time.time()).name}" title="{labels("day_form")}" autocomplete="off"')
                day.on("change", self._to_day, js_handler=_IF_VALID)
                self._days = ui.element("datalist").props(f'id="{_DAYS}"')
        self._press()

    def _offer(self, trips: Sequence[TripSummary]) -> None:
        """Let the day field suggest the days of the trips, the newest first."""
        names = dict.fromkeys(day_of(trip.start_s).name for trip in trips)
        self._days.clear()
        with self._days:
            for name in names:
                ui.element("option").props(f'value="{name}"')

    async def _show_trip(self, trip: TripSummary) -> None:
        await self._go(TimeWindow.around(trip.start_s, trip.end_s))

    async def _to_alert(self, incident: Incident) -> None:
        """Show the alert with the time before it."""
        end_s = incident.end_s or incident.start_s + incident.duration_s
        await self._go(TimeWindow.around(incident.start_s - _BEFORE_ALERT_S, end_s + _BEFORE_ALERT_S / 4))
        self._chart.client.run_javascript('document.querySelector(".ev-timeline").scrollIntoView({block: "center"})')

    async def _to_day(self, event: Any) -> None:
        day = day_named(str(event.args))
        if day is not None:
            await self._go(self._window.of_day(day))

    async def _go(self, window: TimeWindow) -> None:
        self._window, self._drawn_s = window, float("-inf")
        self._press()
        self._chart.run_chart_method("dispatchAction", {"type": "dataZoom", "start": 0, "end": 100})
        await self.refresh()

    async def _zoomed(self, event: Any) -> None:
        """Store the zoom of the browser, and query its part in finer steps."""
        zoomed = event.args if isinstance(event.args, dict) else {}
        part = (zoomed.get("batch") or [zoomed])[0]
        try:
            start, end = float(part["start"]) / 100, float(part["end"]) / 100
        except (KeyError, TypeError, ValueError):
            return
        zoom = (max(0.0, start), min(1.0, end)) if end - start < _DETAIL_BELOW else (0.0, 1.0)
        if zoom != self._window.zoom and zoom[0] < zoom[1]:
            self._window, self._drawn_s = replace(self._window, zoom=zoom), float("-inf")
            await self.refresh()

    def _press(self) -> None:
        for length_s, pressed in self._windows.items():
            chosen = self._window.end_s is None and length_s == self._window.length_s
            pressed.props(f'aria-pressed="{str(chosen).lower()}"')

    def _draw(self, found: Aggregates) -> None:
        labels = self._labels
        ends = {"start": local_time(found.start_s), "end": local_time(found.end_s)}
        anything = found.steps or found.utterance_summaries or found.incidents or found.score_steps or found.group_steps
        period = labels("from_to" if anything else "nothing_here", **ends)
        self._shown.set_text(f"{period} ({zone_text(found.start_s, found.end_s)})")
        gravest = max((item.level for item in found.levels), default=None)
        words = labels("unknown" if gravest is None else gravest.name.lower())
        description = f"{labels('timeline')}, {labels('from_to', **ends)}. {labels('gravest')}: {words}. "
        description += f"{labels('alerts')}: {len(found.incidents)}."
        options = timeline_chart(found, labels, False, self._context.perclos_thresholds)
        redraw(self._chart, options, description, timeline_height_px(found))
        self._alerts.show(found.incidents[: -_MAX_ROWS - 1 : -1])
        spoken = [item for item in found.utterance_summaries if item.words][-_MAX_ROWS:]
        self._words_card.set_visibility(bool(spoken))
        self._words.clear()
        if spoken:
            with self._words:
                rows = [(local_time(item.start_s), utterance_text(item, labels)) for item in reversed(spoken)]
                table((labels("start"), labels("words")), rows)


def _named(name: str) -> str:
    return f'aria-label="{name}" title="{name}"'
