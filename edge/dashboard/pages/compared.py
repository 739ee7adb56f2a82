"""Another trip beside the one that is shown, drawn in the same way."""

from __future__ import annotations

import asyncio

from nicegui import ui

from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.trips import TripSummary
from edge.dashboard.pages.setting import DashboardContext
from edge.dashboard.pages.widgets import button, card, chart, local_time, redraw, text
from edge.dashboard.span import TimeWindow
from edge.i18n.labels import Labels


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
