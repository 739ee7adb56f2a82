"""The page of the box: verdict, versions, drops, queues, and times of each stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from nicegui import ui

from edge.dashboard.box_link import (
    HealthAnswer,
    Payload,
    ReceivedPayload,
    Stage,
    ask_health,
    figure,
    figure_name,
    figures,
    fresh,
    stages,
)
from edge.dashboard.data.current_state import CurrentState
from edge.dashboard.pages.layout import DashboardContext, Tile, card, local_time, table, text
from edge.i18n.texts import Labels

_FIGURES = ("running", "last_record", "camera_hz", "frames_dropped", "outbox.rows", "celsius", "slowest", "sw")
_INFO = ("sw", "bundle", "provider", "purpose", "boot")


class BoxPage:
    """Refreshed every two seconds; redrawn only after a change."""

    every_s = 2.0

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        self._shown: object = None
        with card(labels("verdict")):
            self._verdict = text("p", "").classes("ev-verdict").props('role="status"')
            self._reasons = text("p", "").classes("ev-more")
            with ui.element("div").classes("ev-tiles ev-eight"):
                self._tiles = {name: Tile(labels(name)) for name in _FIGURES}
            self._age = text("p", "").classes("ev-soft").props('role="status"')
        self._about = self._folded("more_of_box")
        self._runs = self._folded("from_box")
        self._readings = self._folded("readings")
        self._stage_rows = self._folded("stages")

    def _folded(self, title: str) -> ui.element:
        with ui.element("section").classes("ev-card ev-folded"), ui.element("details"):
            text("summary", self._labels(title))
            return ui.element("div").classes("ev-body")

    async def refresh(self) -> None:
        """Query and show."""
        state = await asyncio.to_thread(self._context.timeline.state)
        config = self._context.health
        answer = await asyncio.to_thread(ask_health, config) if config else None
        link = self._context.link
        health = link.newest("health") if link else None
        reports = {name: link.newest(name) for name in ("status", "info", "health")} if link else {}
        payloads: dict[str, Payload] = {name: report.payload for name, report in reports.items() if report}
        self._age.set_text(self._freshness(health))
        self._head(state, answer, payloads)
        about = self._about_rows(state)
        if (about, reports) == self._shown:
            return
        self._shown = (about, reports)
        head, health_report = (self._labels("figure"), self._labels("value")), payloads.get("health", {})
        for place in (self._about, self._runs, self._readings, self._stage_rows):
            place.clear()
        with self._about:
            table(head, about)
        with self._runs:
            self._draw_runs(payloads)
        with self._readings:
            self._draw_readings(health_report)
        with self._stage_rows:
            self._stages(stages(health_report))

    def _head(self, state: CurrentState, answer: HealthAnswer | None, payloads: Mapping[str, Payload]) -> None:
        """The verdict and eight figures."""
        verdict, reasons = self._judged(answer)
        self._verdict.set_text(verdict)
        self._reasons.set_text(reasons)
        labels, health, info = self._labels, payloads.get("health", {}), payloads.get("info", {})
        slowest = next(iter(stages(health)), None)
        age_s = state.age_s(time.time())
        values = {
            "running": self._running(state),
            "last_record": None if age_s is None else labels("ago", length=labels.length(age_s, whole=True)),
            "camera_hz": figure(health, "camera_hz"),
            "frames_dropped": figure(health, "frames_dropped"),
            "outbox.rows": figure(health, "outbox", "rows"),
            "celsius": figure(health, "celsius"),
            "slowest": f"{labels(slowest.name)}, {slowest.figures[1]} ms" if slowest else None,
            "sw": info.get("sw"),
        }
        for name, value in values.items():
            self._tiles[name].set(labels("unknown") if value is None else str(value))

    def _about_rows(self, state: CurrentState) -> list[tuple[str, str]]:
        labels, path, link = self._labels, self._context.timeline.path, self._context.link
        age = labels("unknown") if state.written_s is None else local_time(state.written_s)
        rows = [
            (labels("last_record"), age),
            (labels("missing"), labels.clauses(self._missing(state)) or labels("nothing_missing")),
            (labels("timeline_file"), str(path)),
            (labels("timeline_size"), _size(path)),
            (labels("dashboard_version"), version("emvas-edge")),
        ]
        if self._context.purpose is not None:
            rows.insert(0, (labels("purpose"), labels(self._context.purpose.value)))
        if link is not None:
            connection = labels("connected" if link.connected else "not_connected")
            told = labels.explained(f"{link.broker} {connection}", labels.sentence(link.error or ""))
            rows.append((labels("broker"), told))
        return rows

    def _running(self, state: CurrentState) -> str:
        """Whether the box writes the timeline; known without a broker."""
        age_s = state.age_s(time.time())
        if age_s is None:
            return self._labels("unknown")
        return self._labels("writes" if age_s <= self._context.quiet_s else "silent")

    def _missing(self, state: CurrentState) -> list[str]:
        """Lost or absent sources from the timeline; unknown if it is empty."""
        if state.written_s is None:
            return [self._labels("unknown")]
        return [self._labels.part(item.source, item.state) for item in state.missing]

    def _judged(self, answer: HealthAnswer | None) -> tuple[str, str]:
        """The verdict of the box, and its reasons."""
        labels = self._labels
        if answer is None:
            return labels("unknown"), labels("health_off") if self._context.health else ""
        if answer.state is None:
            return labels("unknown"), labels("health_silent", address=answer.address)
        return labels(f"health_{answer.state}"), labels.clauses(map(labels.sentence, answer.reasons))

    def _freshness(self, health: ReceivedPayload | None) -> str:
        link = self._context.link
        if link is None:
            return self._labels("no_config" if self._context.purpose is None else "no_broker")
        if not link.connected:
            return self._labels("dead_broker", broker=link.broker)
        if link.is_silent:
            return self._labels("deaf", broker=link.broker, place=link.place)
        if health is None:
            return self._labels("no_health")
        return self._labels("health_age" if fresh(health) else "health_old", age=self._labels.length(health.age_s))

    def _draw_runs(self, payloads: Mapping[str, Payload]) -> None:
        labels, info, status = self._labels, payloads.get("info", {}), payloads.get("status", {})
        rows = [(labels("status"), labels(str(status["state"])))] if "state" in status else []
        rows += [(labels(name), labels(str(info[name]))) for name in _INFO if info.get(name)]
        if rows:
            table((labels("figure"), labels("value")), rows)
        models = info.get("models")
        if isinstance(models, dict) and models:
            text("h3", labels("models"))
            table((labels("role"), labels("variant")), [(labels(str(r)), str(models[r])) for r in sorted(models)])

    def _draw_readings(self, health: Payload) -> None:
        labels = self._labels
        if health:
            rows = [(figure_name(name, labels), labels(value)) for name, value in figures(health)]
            table((labels("figure"), labels("value")), rows)

    def _stages(self, found: list[Stage]) -> None:
        if found:
            head = [self._labels(name) for name in ("stage", "calls", "mean_ms", "worst_ms")]
            table(head, [(self._labels(item.name), *item.figures) for item in found])


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "–"
