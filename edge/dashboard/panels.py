"""The part of the page that shows the state: level, figures, alerts, what is missing."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from edge.dashboard.captions import evidence_text
from edge.dashboard.charts import LEVEL_COLOURS
from edge.dashboard.digest import Incident
from edge.dashboard.labels import Labels
from edge.dashboard.report import percent
from edge.dashboard.state import State

_UNKNOWN_COLOUR = "#888888"
_FIGURES = ("openness", "perclos_60", "perclos_180", "valid_ratio", "affect")


class StatePanel:
    """Built once, filled by `show`."""

    def __init__(self, labels: Labels, quiet_s: float) -> None:
        self._labels, self._quiet_s = labels, quiet_s
        self._alerts_shown: tuple[Incident, ...] | None = None
        with ui.element("div").classes("ev-columns"):
            with ui.element("section").classes("ev-card"):
                self._title("state")
                self._level = ui.label().classes("ev-level").props('role="status"')
                self._causes = ui.label()
                self._freshness = ui.label().classes("ev-soft")
            with ui.element("section").classes("ev-card"):
                self._title("missing")
                self._missing = ui.label().style("white-space: pre-line")
        with ui.element("section").classes("ev-card ev-tiles"):
            self._figures = {name: self._tile(name) for name in _FIGURES}
        with ui.element("section").classes("ev-card"):
            self._title("alerts")
            self._alerts = ui.element("div").classes("ev-scroll")

    def show(self, state: State, now_s: float) -> None:
        """Show `state` as of `now_s` (Unix seconds); a state that is not fresh is unknown, and said to be."""
        age_s = state.age_s(now_s)
        live = age_s is not None and age_s <= self._quiet_s
        self._show_level(state, live)
        if age_s is None:
            self._freshness.set_text("")
        else:
            self._freshness.set_text(self._labels("fresh" if live else "stale", age=self._labels.length(age_s)))
        self._show_figures(state, live)
        lines = [_line(self._labels, *item) for item in ((s.source, s.state, s.detail) for s in state.missing)]
        self._missing.set_text("\n".join(lines) if lines else self._labels("nothing_missing"))
        if state.incidents != self._alerts_shown:
            self._alerts_shown = state.incidents
            self._show_alerts(state.incidents)

    def _show_level(self, state: State, live: bool) -> None:
        fatigue = state.fatigue if live else None
        seen = fatigue is not None and fatigue.track is not None
        unjudged = fatigue is not None and fatigue.level == 0 and fatigue.valid_ratio == 0
        if fatigue is None or not seen or unjudged:
            self._level.set_text(self._labels("unknown"))
            self._level.style(f"--level: {_UNKNOWN_COLOUR}")
        else:
            self._level.set_text(self._labels(fatigue.level.name.lower()))
            self._level.style(f"--level: {LEVEL_COLOURS[fatigue.level]}")
        causes = [self._labels(cause) for cause in fatigue.causes] if fatigue else []
        if live and not seen:
            causes = [self._labels("nobody" if fatigue else "no_person")]
        if live and state.face and state.face.reason and seen:
            causes.append(self._labels(state.face.reason.value))
        self._causes.set_text(" · ".join(causes))

    def _show_figures(self, state: State, live: bool) -> None:
        fatigue, face, affect = (state.fatigue, state.face, state.affect) if live else (None, None, None)
        values = {
            "openness": percent(face.openness if face else None),
            "perclos_60": percent(fatigue.perclos_60 if fatigue else None),
            "perclos_180": percent(fatigue.perclos_180 if fatigue else None),
            "valid_ratio": percent(fatigue.valid_ratio if fatigue else None),
            "affect": f"{self._labels(affect.emotion)} {affect.score:+.2f}" if affect else "–",
        }
        for name, value in values.items():
            self._figures[name].set_text(value)

    def _show_alerts(self, incidents: tuple[Incident, ...]) -> None:
        self._alerts.clear()
        with self._alerts:
            if not incidents:
                ui.label(self._labels("no_alerts"))
                return
            with ui.element("table"):
                with ui.element("tr"):
                    for name in ("start", "alert", "level", "duration", "evidence"):
                        self._cell("th", self._labels(name))
                for incident in incidents:
                    self._row(incident)

    def _row(self, incident: Incident) -> None:
        length = self._labels.length(incident.duration_s)
        lasting = f" ({self._labels('lasting')})" if incident.end_s is None else ""
        with ui.element("tr"):
            self._cell("td", local_time(incident.start_s))
            self._cell("td", self._labels(incident.alert))
            with ui.element("td"):
                chip = ui.label(self._labels(incident.level.name.lower())).classes("ev-chip")
                chip.style(f"--level: {LEVEL_COLOURS[incident.level]}")
            self._cell("td", length + lasting)
            self._cell("td", evidence_text(incident, self._labels))

    def _cell(self, tag: str, text: str) -> None:
        with ui.element(tag):
            ui.label(text)

    def _tile(self, name: str) -> ui.label:
        with ui.element("div").classes("ev-tile"):
            with ui.element("span"):
                ui.label(self._labels(name))
            with ui.element("b"):
                return ui.label("–")

    def _title(self, name: str) -> None:
        with ui.element("h2"):
            ui.label(self._labels(name))


def local_time(wall_s: float) -> str:
    """Date and time of day on this machine's clock."""
    return datetime.fromtimestamp(wall_s).astimezone().strftime("%m-%d %H:%M:%S")


def _line(labels: Labels, source: str, state: str, detail: str) -> str:
    return f"{labels(source)} {labels(state)}" + (f": {detail}" if detail else "")
