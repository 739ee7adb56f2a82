"""Export of the timeline page: events as CSV or XLSX, the chart as PNG."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from nicegui import ui

from edge.config.purpose import ALLOWANCES
from edge.dashboard.data.deserialize import RecordError
from edge.dashboard.pages.layout import DashboardContext
from edge.dashboard.pages.widgets import button, text
from edge.dashboard.report.report_data import ReportData, from_timeline
from edge.dashboard.report.tables import as_xlsx, csv_text, events_table
from edge.i18n.texts import Labels

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
