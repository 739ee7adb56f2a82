"""The box itself: what runs, what was dropped, what waits, how long each stage takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from nicegui import ui

from edge.dashboard.labels import Labels
from edge.dashboard.pages.parts import card, local_time, table, text
from edge.dashboard.pages.setting import Setting
from edge.dashboard.vitals import Stage, figures, fresh, stages
from edge.dashboard.wire import Payload, Word

_INFO = ("sw", "bundle", "provider", "purpose", "boot")


class BoxPage:
    """Read every two seconds; drawn anew only when something is different."""

    every_s = 2.0

    def __init__(self, labels: Labels, setting: Setting) -> None:
        self._labels, self._setting = labels, setting
        self._shown: object = None
        with card(labels("box")):
            self._about = ui.element("div")
        with card(labels("from_box")):
            self._age = text("p", "").classes("ev-soft").props('role="status"')
            self._body = ui.element("div")

    async def refresh(self) -> None:
        """Read and show."""
        state = await asyncio.to_thread(self._setting.feed.state)
        wire, labels = self._setting.wire, self._labels
        health = wire.said("health") if wire else None
        self._age.set_text(self._freshness(health))
        about = self._about_rows(state.age_s(time.time()), state.written_s)
        words = {name: wire.said(name) for name in ("status", "info", "health")} if wire else {}
        if (about, words) == self._shown:
            return
        self._shown = (about, words)
        self._about.clear()
        with self._about:
            table((labels("figure"), labels("value")), about)
        self._body.clear()
        with self._body:
            self._draw(words)

    def _about_rows(self, age_s: float | None, written_s: float | None) -> list[tuple[str, str]]:
        labels, path, wire = self._labels, self._setting.feed.path, self._setting.wire
        age = labels("unknown") if age_s is None or written_s is None else local_time(written_s)
        rows = [
            (labels("last_record"), age),
            (labels("timeline_file"), str(path)),
            (labels("timeline_size"), _size(path)),
            (labels("dashboard_version"), version("emvas-edge")),
        ]
        if self._setting.purpose is not None:
            rows.insert(0, (labels("purpose"), labels(self._setting.purpose.value)))
        if wire is not None:
            state = labels("connected" if wire.connected else "not_connected")
            rows.append((labels("broker"), f"{wire.broker} {state}" + (f": {wire.trouble}" if wire.trouble else "")))
        return rows

    def _freshness(self, health: Word | None) -> str:
        if self._setting.wire is None:
            return self._labels("no_config" if self._setting.purpose is None else "no_broker")
        if health is None:
            return self._labels("no_health")
        return self._labels("health_age" if fresh(health) else "health_old", age=self._labels.length(health.age_s))

    def _draw(self, words: Mapping[str, Word | None]) -> None:
        labels = self._labels
        payloads: dict[str, Payload] = {name: word.payload for name, word in words.items() if word}
        info, status, health = (payloads.get(name, {}) for name in ("info", "status", "health"))
        rows = [(labels("status"), labels(str(status["state"])))] if "state" in status else []
        rows += [(labels(name), labels(str(info[name]))) for name in _INFO if info.get(name)]
        if rows:
            table((labels("figure"), labels("value")), rows)
        models = info.get("models")
        if isinstance(models, dict) and models:
            text("h3", labels("models"))
            table((labels("role"), labels("variant")), [(str(role), str(models[role])) for role in sorted(models)])
        if health:
            text("h3", labels("readings"))
            rows = [(labels(name), labels(value)) for name, value in figures(health)]
            table((labels("figure"), labels("value")), rows)
            self._stages(stages(health))

    def _stages(self, found: list[Stage]) -> None:
        if found:
            text("h3", self._labels("stages"))
            head = [self._labels(name) for name in ("stage", "calls", "mean_ms", "worst_ms")]
            table(head, [(self._labels(item.name), *item.figures) for item in found])


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "–"
