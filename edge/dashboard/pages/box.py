"""The box itself: what runs, what was dropped, what waits, how long each stage takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from nicegui import ui

from edge.dashboard.daemon import Pulse, pulse
from edge.dashboard.details import detail
from edge.dashboard.labels import Labels
from edge.dashboard.pages.parts import card, local_time, table, text
from edge.dashboard.pages.setting import Setting
from edge.dashboard.state import State
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
        config = self._setting.health
        beat = await asyncio.to_thread(pulse, config) if config else None
        wire, labels = self._setting.wire, self._labels
        health = wire.said("health") if wire else None
        self._age.set_text(self._freshness(health))
        about = self._about_rows(state, beat)
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

    def _about_rows(self, state: State, beat: Pulse | None) -> list[tuple[str, str]]:
        labels, path, wire = self._labels, self._setting.feed.path, self._setting.wire
        age = labels("unknown") if state.written_s is None else local_time(state.written_s)
        rows = [
            (labels("running"), self._running(state)),
            (labels("last_record"), age),
            (labels("missing"), "; ".join(self._missing(state)) or labels("nothing_missing")),
            *self._beat_rows(beat),
            (labels("timeline_file"), str(path)),
            (labels("timeline_size"), _size(path)),
            (labels("dashboard_version"), version("emvas-edge")),
        ]
        if self._setting.purpose is not None:
            rows.insert(0, (labels("purpose"), labels(self._setting.purpose.value)))
        if wire is not None:
            link = labels("connected" if wire.connected else "not_connected")
            rows.append((labels("broker"), f"{wire.broker} {link}" + (f": {wire.trouble}" if wire.trouble else "")))
        return rows

    def _running(self, state: State) -> str:
        """Whether somebody writes the timeline, which is known without any broker."""
        age_s = state.age_s(time.time())
        if age_s is None:
            return self._labels("unknown")
        return self._labels("writes" if age_s <= self._setting.quiet_s else "silent")

    def _missing(self, state: State) -> list[str]:
        """What is lost or absent, as the timeline has it; unknown where nothing was written."""
        if state.written_s is None:
            return [self._labels("unknown")]
        return [f"{self._labels(item.source)} {self._labels(item.state)}" for item in state.missing]

    def _beat_rows(self, beat: Pulse | None) -> list[tuple[str, str]]:
        labels = self._labels
        if beat is None:
            return [(labels("own_health"), labels("health_off" if self._setting.health else "unknown"))]
        if beat.state is None:
            return [(labels("own_health"), labels("health_silent", address=beat.address))]
        reasons = "; ".join(detail(reason, labels) for reason in beat.reasons)
        return [(labels("own_health"), labels(f"health_{beat.state}") + (f": {reasons}" if reasons else ""))]

    def _freshness(self, health: Word | None) -> str:
        wire = self._setting.wire
        if wire is None:
            return self._labels("no_config" if self._setting.purpose is None else "no_broker")
        if not wire.connected:
            return self._labels("dead_broker", broker=wire.broker)
        if wire.is_deaf:
            return self._labels("deaf", broker=wire.broker, place=wire.place)
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
