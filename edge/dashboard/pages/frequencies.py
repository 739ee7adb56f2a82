"""The page of frequencies: by day, by hour, and a comparison of two days."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from nicegui import ui

from edge.dashboard.charts.frequencies import (
    FREQUENCY_KINDS,
    FREQUENCY_VIEWS,
    FrequencyKind,
    Parts,
    frequency_chart,
    frequency_parts,
    frequency_rows,
)
from edge.dashboard.data.calendar import Day, days_back
from edge.dashboard.data.trends import Hour
from edge.dashboard.pages.layout import DashboardContext, card, chart, choice, redraw, table, text
from edge.i18n.texts import Labels

_PERIODS = (7, 14, 30)
Hours = Mapping[int, Hour]


class FrequenciesPage:
    """Refreshed after each selection and every five minutes."""

    every_s = 300.0

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        self._kinds = [kind for kind in FREQUENCY_KINDS if context.records(FREQUENCY_VIEWS[kind].message_kind)]
        recorded = (kind for kind in self._kinds if context.timeline.holds(FREQUENCY_VIEWS[kind].message_kind))
        self._kind, self._period = next(recorded, self._kinds[0]), _PERIODS[0]
        today = days_back(time.time(), _PERIODS[-1])
        self._days = [day.name for day in reversed(today)]
        self._day, self._other = self._days[0], self._days[1]
        with card(labels("frequencies")):
            self._controls()
            self._status = text("p", labels("reading")).classes("ev-soft").props('role="status"')
            for kind in FREQUENCY_KINDS:
                if kind not in self._kinds:
                    text("p", context.withheld(labels, FREQUENCY_VIEWS[kind].label)).classes("ev-soft")
        self._by_day = _Bars(labels, "by_day")
        self._by_hour = _Bars(labels, "by_hour")
        self._compared = _Bars(labels, "comparison")

    async def refresh(self) -> None:
        """Query and draw."""
        now_s, labels, kind = time.time(), self._labels, self._kind
        days = days_back(now_s, self._period)
        found = {day.name: await self._hours(day, now_s) for day in days}
        by_day = {name[5:]: frequency_parts(hours.values(), kind) for name, hours in found.items()}
        chosen, other = await self._hours_of(self._day, now_s), await self._hours_of(self._other, now_s)
        what = labels(FREQUENCY_VIEWS[kind].label)
        anything = any(by_day.values())
        self._status.set_text("" if anything else labels("nothing_of_kind", what=what))
        self._by_day.show(by_day, kind, what)
        self._by_hour.show(chosen[1], kind, f"{what} {self._day}")
        both = {self._other: other[0], self._day: chosen[0]}
        self._compared.show(both, kind, f"{what} {self._other} / {self._day}")

    async def _hours(self, day: Day, now_s: float) -> Hours:
        return await asyncio.to_thread(self._context.timeline.hours, day.start_s, min(day.end_s, _next_minute(now_s)))

    async def _hours_of(self, name: str, now_s: float) -> tuple[Parts, Mapping[str, Parts]]:
        """The sum of a day, and its hours by local time."""
        day = next(day for day in days_back(now_s, _PERIODS[-1] + 1) if day.name == name)
        hours = await self._hours(day, now_s)
        count = round((day.end_s - day.start_s) / 3600)
        columns = {
            f"{day.hour_of(n):02}:00": frequency_parts([hours[n]] if n in hours else [], self._kind)
            for n in range(count)
        }
        return frequency_parts(hours.values(), self._kind), columns

    def _controls(self) -> None:
        labels = self._labels
        with ui.element("div").classes("ev-controls"):
            kinds: dict[str, str] = {kind: labels(FREQUENCY_VIEWS[kind].label) for kind in self._kinds}
            choice(labels("what"), kinds, self._kind, self._choose_kind)
            periods = {str(count): labels("days", n=count) for count in _PERIODS}
            choice(labels("window"), periods, str(self._period), self._choose_period)
            days = {name: name for name in self._days}
            choice(labels("day"), days, self._day, self._choose_day)
            choice(labels("compare_with"), days, self._other, self._choose_other)

    async def _choose_kind(self, name: str) -> None:
        found: FrequencyKind | None = next((kind for kind in self._kinds if kind == name), None)
        self._kind = found or self._kind
        await self.refresh()

    async def _choose_period(self, count: str) -> None:
        self._period = int(count) if count in map(str, _PERIODS) else self._period
        await self.refresh()

    async def _choose_day(self, name: str) -> None:
        self._day = name if name in self._days else self._day
        await self.refresh()

    async def _choose_other(self, name: str) -> None:
        self._other = name if name in self._days else self._other
        await self.refresh()


class _Bars:
    """A chart with the same figures as a table."""

    def __init__(self, labels: Labels, title: str) -> None:
        self._labels, self._title = labels, labels(title)
        with card(self._title) as self._card:
            self._chart = chart(self._title, "260px")
            with ui.element("details"):
                text("summary", labels("as_table"))
                self._table = ui.element("div")

    def show(self, columns: Mapping[str, Parts], kind: FrequencyKind, what: str) -> None:
        """Draw; hidden without records."""
        head, lines = frequency_rows(columns, kind, self._labels)
        self._card.set_visibility(bool(lines))
        redraw(self._chart, frequency_chart(columns, kind, self._labels), f"{what}, {self._title}")
        self._table.clear()
        with self._table:
            table(head, lines)


def _next_minute(now_s: float) -> float:
    """The end of a query for today, rounded so that queries within a minute share the cache."""
    return 60.0 * (now_s // 60 + 1)
