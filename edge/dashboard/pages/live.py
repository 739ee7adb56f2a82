"""The live page: level and causes, eyes, affect, group, alerts, missing sources."""

from __future__ import annotations

import asyncio
import time

from nicegui import ui

from edge.affect.fusion import emotion
from edge.dashboard.charts import eyes_and_affect
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.aggregates import Aggregates
from edge.dashboard.data.calendar import zone_text
from edge.dashboard.data.current_state import CurrentState
from edge.dashboard.pages.alert_table import AlertTable
from edge.dashboard.pages.layout import DashboardContext, ModalityBars, Tile, card, chart, redraw, text
from edge.dashboard.pages.level_card import GlanceTiles, LevelCard
from edge.i18n.texts import Labels, signed
from edge.messages import Attention, Group, Source

_EYES = ("openness", "perclos_60", "perclos_180", "away")
_LATELY_S, _LATELY_EVERY_S = 600.0, 5.0
_GROUP = ("faces", "negative_share", "spread", "motion", "noise_db")


class LivePage:
    """Refreshed once a second; values that are not fresh are shown as unknown."""

    every_s = 1.0

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        self._lately_s = float("-inf")
        of_persons, of_affect = context.records("fatigue"), context.records("affect")
        ui.query(".nicegui-content").classes("ev-cab" if of_persons and not of_affect else "")
        with ui.element("div").classes("ev-glance"):
            self._level = LevelCard(labels, context)
            with ui.element("section").classes("ev-card ev-beside"):
                self._glance = GlanceTiles(labels, context)
        with ui.element("div").classes("ev-columns ev-more-cards"):
            if context.records("group"):
                self._group_card()
            if of_affect:
                self._affect_card()
        if context.records("group") and not of_persons:
            self._lately_card()
        if of_persons:
            self._eyes_card()
        with card(labels("alerts"), "ev-told"):
            self._alerts = AlertTable(labels, context.link)
        self._lost = text("p", "").classes("ev-note").style("white-space: pre-line")
        self._off = text("p", "").classes("ev-soft ev-off-list")

    async def refresh(self) -> None:
        """Query and show."""
        now_s, timeline = time.time(), self._context.timeline
        self.show(await asyncio.to_thread(timeline.state), now_s)
        if hasattr(self, "_lately") and now_s - self._lately_s >= _LATELY_EVERY_S:
            self._lately_s = now_s
            self._show_lately(await asyncio.to_thread(timeline.window, now_s - _LATELY_S, now_s))

    def show(self, state: CurrentState, now_s: float) -> None:
        """Show `state` at `now_s` (Unix seconds)."""
        age_s = state.age_s(now_s)
        live = age_s is not None and age_s <= self._context.quiet_s
        self._level.show(state, now_s, live)
        self._glance.show(state, now_s, live)
        shown = state if live else CurrentState(state.written_s)
        if self._context.records("fatigue"):
            self._show_eyes(shown)
        if self._context.records("affect"):
            self._show_affect(shown)
        if hasattr(self, "_group"):
            self._show_group(shown.group)
        self._alerts.show(state.incidents)
        elsewhere = {item.source for item in state.outputs} | (
            set() if self._context.records("fatigue") else {"fatigue"}
        )
        missing = [item for item in state.missing if item.source not in elsewhere]
        lost = [item for item in missing if item.state == "lost"]
        self._lost.set_text("\n".join(map(self._missing_line, lost)))
        self._lost.set_visibility(bool(lost))
        off = [self._missing_line(item) for item in missing if item.state == "absent"]
        self._off.set_text(f"{self._labels('off_here')} {self._labels.clauses(off)}" if off else "")

    def _affect_card(self) -> None:
        labels = self._labels
        with card(labels("affect")):
            self._no_affect = text("p", labels("no_affect_now")).classes("ev-soft")
            with ui.element("div").classes("ev-affect") as self._affect:
                self._gauge = chart(labels("affect"), "190px")
                self._bars = ModalityBars(labels)
            self._affect.set_visibility(False)

    def _eyes_card(self) -> None:
        with card(self._labels("eyes"), "ev-eyes"):
            with ui.element("div").classes("ev-tiles"):
                self._eyes = {name: Tile(self._labels(name)) for name in _EYES}
            self._no_eyes = text("p", self._labels("no_eyes_now")).classes("ev-soft")
            self._strip = chart(self._labels("eyes"), "170px")
            self._zone = text("p", "").classes("ev-soft")

    def _group_card(self) -> None:
        with card(self._labels("group")) as self._group_place:
            self._no_group = text("p", self._labels("no_group"))
            with ui.element("div").classes("ev-tiles") as self._group_tiles:
                self._group = {name: Tile(self._labels(name)) for name in _GROUP}

    def _lately_card(self) -> None:
        with card(self._labels("group_lately")) as self._lately_place:
            self._lately = chart(self._labels("group_lately"), "300px")
            self._lately.classes("ev-timeline")
        self._lately_place.set_visibility(False)

    def _show_lately(self, found: Aggregates) -> None:
        """The group's last minutes: mood, spread, noise, sounds of the room and alerts."""
        self._lately_place.set_visibility(bool(found.group_steps))
        if found.group_steps:
            options = timeline_chart(found, self._labels, False)
            redraw(self._lately, options, self._labels("group_lately"), timeline_height_px(found))

    def _show_eyes(self, state: CurrentState) -> None:
        labels, fatigue = self._labels, state.fatigue
        values = {
            "openness": labels.percent(state.face.openness if state.face else None),
            "perclos_60": labels.percent(fatigue.perclos_60 if fatigue else None),
            "perclos_180": labels.percent(fatigue.perclos_180 if fatigue else None),
            "away": self._away(state.attention),
        }
        for name, value in values.items():
            self._eyes[name].set(value)
        figures = f"{labels('openness')} {values['openness']}, PERCLOS {values['perclos_60']}"
        description = labels.explained(labels("eyes"), figures)
        seen = any(sample.openness is not None or sample.perclos_60 is not None for sample in state.eye_samples)
        known = seen and state.written_s is not None
        self._no_eyes.set_visibility(not known)
        self._strip.set_visibility(known)
        self._zone.set_visibility(known)
        if known and state.written_s is not None:
            redraw(self._strip, eyes_and_affect.eyes_chart(state.eye_samples, state.written_s, labels), description)
            self._zone.set_text(labels("times_of_box", zone=zone_text(state.written_s, state.written_s)))

    def _away(self, attention: Attention | None) -> str:
        known = attention is not None and not {"learning", "unknown"} & set(attention.causes)
        return self._labels.length(attention.away_s) if attention is not None and known else self._labels("unknown")

    def _show_affect(self, state: CurrentState) -> None:
        affect = state.affect
        self._no_affect.set_visibility(affect is None)
        self._affect.set_visibility(affect is not None)
        if affect is not None:
            options = eyes_and_affect.affect_gauge(affect.score, affect.emotion, self._labels)
            words = f"{self._labels(affect.emotion)} {signed(affect.score)}"
            redraw(self._gauge, options, self._labels.explained(self._labels("affect"), words))
            mood = None if affect.mood is None else (affect.mood, emotion(affect.mood).en)
            self._bars.show(affect.modalities, mood)

    def _show_group(self, group: Group | None) -> None:
        self._group_place.set_visibility(group is not None or not self._context.records("fatigue"))
        self._no_group.set_visibility(group is None)
        self._group_tiles.set_visibility(group is not None)
        if group is not None:
            unknown = self._labels("unknown")
            values = {
                "faces": str(group.faces)
                if group.seen is None
                else self._labels("of_lines", n=group.faces, all=group.seen),
                "negative_share": self._labels.percent(group.negative_share),
                "spread": f"{group.spread:.2f}",
                "motion": unknown if group.motion is None else f"{group.motion:.2f}",
                "noise_db": unknown if group.noise_db is None else f"{group.noise_db:.0f}",
            }
            for name, value in values.items():
                self._group[name].set(value)

    def _missing_line(self, item: Source) -> str:
        lost = item.state == "lost"
        part = self._labels.part(item.source, item.state) if lost else self._labels(item.source)
        return self._labels.explained(part, self._labels.sentence(item.detail or ""))
