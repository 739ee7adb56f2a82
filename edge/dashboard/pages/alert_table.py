"""The table of alerts, with buttons for the commands that the configuration allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui

from edge.alerts.condition import KINDS
from edge.config.delivery import Op
from edge.dashboard.box_link import PATIENCE_S, BoxLink
from edge.dashboard.charts.style import badge
from edge.dashboard.data.events import Incident
from edge.dashboard.event_text import evidence_text
from edge.dashboard.pages.layout import button, local_time, text
from edge.i18n.texts import Labels

Jump = Callable[[Incident], Awaitable[None]]


class AlertTable:
    """Redrawn only when the alerts change."""

    def __init__(self, labels: Labels, link: BoxLink | None, jump: Jump | None = None) -> None:
        """`jump` shows an alert on the timeline."""
        self._labels, self._link, self._jump = labels, link, jump
        self._shown: Sequence[Incident] | None = None
        self._place = ui.element("div").classes("ev-scroll ev-alerts").props('tabindex="0"')
        self._place.props(f'role="region" aria-label="{labels("alerts")}"')
        self._status = ui.label().classes("ev-said").props('role="status"')

    def show(self, incidents: Sequence[Incident]) -> None:
        """Show `incidents` in this order."""
        if incidents == self._shown:
            return
        self._shown = incidents
        self._place.clear()
        with self._place:
            if not incidents:
                ui.label(self._labels("no_alerts"))
                return
            names = ["start", "alert", "level", "duration", "evidence"]
            names += ["action"] if any(self._ops(incident) for incident in incidents) else []
            with ui.element("table"):
                with ui.element("thead"), ui.element("tr"):
                    for name in names:
                        text("th", self._labels(name)).props('scope="col"')
                with ui.element("tbody"):
                    for incident in incidents:
                        self._row(incident, "action" in names)

    def _ops(self, incident: Incident) -> list[Op]:
        """Commands for an alert; none after its end."""
        if self._link is None or incident.end_s is not None:
            return []
        kind = KINDS.get(incident.alert)
        silenceable = kind is not None and kind.snoozable
        return [op for op in self._link.ops if op != "snooze" or silenceable]

    def _row(self, incident: Incident, with_action: bool) -> None:
        labels = self._labels
        with ui.element("tr"):
            with ui.element("th").props('scope="row"'):
                if self._jump is None:
                    text("span", local_time(incident.start_s))
                else:
                    place = button(local_time(incident.start_s), partial(self._jump, incident)).classes("ev-link")
                    place.props(f'title="{labels("show_alert")}"')
            text("td", labels(incident.alert))
            with ui.element("td"):
                chip = text("span", labels(incident.level.name.lower())).classes("ev-chip ev-badge")
                chip.style(badge(incident.level, labels))
            text("td", labels("lasting") if incident.end_s is None else labels.length(incident.duration_s))
            text("td", evidence_text(incident, labels))
            if with_action:
                with ui.element("td"):
                    for op in self._ops(incident):
                        self._button(op, incident)

    def _button(self, op: Op, incident: Incident) -> None:
        assert self._link is not None
        minutes = f"{self._link.snooze_s / 60:.0f}"
        fields: dict[str, str | float] = (
            {"id": incident.id} if op == "acknowledge" else {"kind": incident.alert, "seconds": self._link.snooze_s}
        )

        async def send() -> None:
            await self._send(op, fields)

        pressed = button(self._labels(op, n=minutes), send)
        pressed.props(f'aria-label="{self._labels(op, n=minutes)}: {self._labels(incident.alert)}"')

    async def _send(self, op: Op, fields: dict[str, str | float]) -> None:
        assert self._link is not None
        answer = self._link.send_command(op, **fields)
        if answer is None:
            self._status.set_text(self._labels("order_offline", broker=self._link.broker))
            return
        try:
            reply = await asyncio.wait_for(asyncio.wrap_future(answer), PATIENCE_S)
        except asyncio.TimeoutError:
            self._status.set_text(self._labels("order_unanswered", n=f"{PATIENCE_S:.0f}"))
            return
        if reply.get("status") == "ok":
            self._status.set_text(self._labels(f"done_{op}"))
        else:
            self._status.set_text(self._labels("order_refused", error=str(reply.get("error"))))
