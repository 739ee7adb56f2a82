"""How things are now: level and causes, eyes, affect, group, alerts, what is missing."""

from __future__ import annotations

import asyncio
import time

from nicegui import ui

from edge.affect.words import emotion
from edge.dashboard import dials, strips
from edge.dashboard.details import detail
from edge.dashboard.labels import Labels
from edge.dashboard.pages.alerts import AlertTable
from edge.dashboard.pages.modalities import ModalityBars
from edge.dashboard.pages.parts import card, chart, percent, redraw, text, tile
from edge.dashboard.pages.setting import Setting
from edge.dashboard.palette import badge
from edge.dashboard.state import State
from edge.dashboard.zone import zone_text
from edge.messages import Attention, Fatigue, Group, Level

_EYES = ("openness", "perclos_60", "perclos_180", "valid_ratio", "away")
_GROUP = ("faces", "negative_share", "spread", "motion", "noise_db")


class LivePage:
    """Read once a second; what is not fresh is unknown, and said to be."""

    every_s = 1.0

    def __init__(self, labels: Labels, setting: Setting) -> None:
        self._labels, self._setting = labels, setting
        with ui.element("div").classes("ev-columns ev-live"):
            self._level_card()
            if setting.records("group") and not setting.records("fatigue"):
                self._group_card()
            else:
                self._affect_card()
        if setting.records("fatigue"):
            self._eyes_card()
            if setting.purpose is not None and setting.records("group"):
                self._group_card()
        with card(labels("alerts")):
            self._alerts = AlertTable(labels, setting.wire)
        with card(labels("missing")):
            self._missing = text("div", "").style("white-space: pre-line")

    async def refresh(self) -> None:
        """Read and show."""
        self.show(await asyncio.to_thread(self._setting.feed.state), time.time())

    def show(self, state: State, now_s: float) -> None:
        """Show `state` as of `now_s` (Unix seconds)."""
        age_s = state.age_s(now_s)
        live = age_s is not None and age_s <= self._setting.quiet_s
        self._show_level(state, live)
        self._freshness.set_text(self._how_old(age_s, live))
        shown = state if live else State(state.written_s)
        if self._setting.records("fatigue"):
            self._show_eyes(shown)
        if self._setting.records("affect"):
            self._show_affect(shown)
        if hasattr(self, "_group"):
            self._show_group(shown.group)
        self._alerts.show(state.incidents)
        self._missing.set_text("\n".join(self._missing_lines(state)) or self._labels("nothing_missing"))

    def _how_old(self, age_s: float | None, live: bool) -> str:
        if age_s is None:
            return self._labels("never_heard")
        return self._labels("fresh" if live else "stale", age=self._labels.length(age_s))

    def _level_card(self) -> None:
        with card(self._labels("state"), "ev-state") as self._card:
            self._level = ui.label().classes("ev-level").props('role="status"')
            self._causes = text("p", "").classes("ev-causes")
            self._freshness = text("p", "").classes("ev-soft")

    def _affect_card(self) -> None:
        labels = self._labels
        with card(labels("affect")):
            if not self._setting.records("affect"):
                text("p", self._setting.withheld(labels, "affect"))
                return
            self._no_affect = text("p", labels("no_affect_now")).classes("ev-soft")
            with ui.element("div").classes("ev-affect") as self._affect:
                self._gauge = chart({}, "190px")
                self._bars = ModalityBars(labels)
            self._affect.set_visibility(False)

    def _eyes_card(self) -> None:
        with card(self._labels("eyes")):
            with ui.element("div").classes("ev-tiles"):
                self._eyes = {name: tile(self._labels(name)) for name in _EYES}
            self._no_eyes = text("p", self._labels("no_eyes_now")).classes("ev-soft")
            self._strip = chart({}, "170px")
            self._zone = text("p", "").classes("ev-soft")

    def _group_card(self) -> None:
        with card(self._labels("group")):
            self._no_group = text("p", self._labels("no_group"))
            with ui.element("div").classes("ev-tiles") as self._group_tiles:
                self._group = {name: tile(self._labels(name)) for name in _GROUP}

    def _show_level(self, state: State, live: bool) -> None:
        shown = state if live else State(state.written_s)
        level, word = shown_level(shown, self._setting.records("fatigue"))
        self._level.set_text(self._labels(word))
        self._card.style(badge(level, self._labels))
        self._causes.set_text(" · ".join(self._cause_words(shown, shown.fatigue)) if live else "")

    def _cause_words(self, state: State, fatigue: Fatigue | None) -> list[str]:
        labels = self._labels
        if not self._setting.records("fatigue"):
            return [self._setting.withheld(labels, "fatigue_levels")]
        if fatigue is None or fatigue.track is None:
            return [*self._blind(state), labels("nobody" if fatigue else "no_person")]
        words = [labels(cause) for cause in fatigue.causes]
        words += [labels(cause) for cause in state.attention.causes] if state.attention else []
        if state.face and state.face.reason:
            words.append(labels(state.face.reason.value))
        if fatigue.unknown:
            words.append(labels(fatigue.unknown))
        return list(dict.fromkeys(words))

    def _blind(self, state: State) -> list[str]:
        """What is lost that the eyes need."""
        labels, lost = self._labels, [item for item in state.missing if item.source in {"camera", "vision", "fatigue"}]
        return [f"{labels(item.source)} {labels(item.state)}" for item in lost]

    def _show_eyes(self, state: State) -> None:
        labels, fatigue = self._labels, state.fatigue
        values = {
            "openness": percent(labels, state.face.openness if state.face else None),
            "perclos_60": percent(labels, fatigue.perclos_60 if fatigue else None),
            "perclos_180": percent(labels, fatigue.perclos_180 if fatigue else None),
            "valid_ratio": percent(labels, fatigue.valid_ratio if fatigue and fatigue.track is not None else None),
            "away": self._away(state.attention),
        }
        for name, value in values.items():
            self._eyes[name].set_text(value)
        description = f"{labels('eyes')}: {labels('openness')} {values['openness']}, PERCLOS {values['perclos_60']}"
        known = bool(state.strip) and state.written_s is not None
        self._no_eyes.set_visibility(not known)
        self._strip.set_visibility(known)
        self._zone.set_visibility(known)
        if known and state.written_s is not None:
            redraw(self._strip, strips.eyes(state.strip, state.written_s, labels), description)
            self._zone.set_text(labels("times_of_box", zone=zone_text(state.written_s, state.written_s)))

    def _away(self, attention: Attention | None) -> str:
        known = attention is not None and not {"learning", "unknown"} & set(attention.causes)
        return self._labels.length(attention.away_s) if attention is not None and known else self._labels("unknown")

    def _show_affect(self, state: State) -> None:
        affect = state.affect
        self._no_affect.set_visibility(affect is None)
        self._affect.set_visibility(affect is not None)
        if affect is not None:
            options = dials.gauge(affect.score, affect.emotion, self._labels)
            words = f"{self._labels('affect')}: {self._labels(affect.emotion)} {affect.score:+.2f}"
            redraw(self._gauge, options, words)
            mood = None if affect.mood is None else (affect.mood, emotion(affect.mood).en)
            self._bars.show(affect.modalities, mood)

    def _show_group(self, group: Group | None) -> None:
        self._no_group.set_visibility(group is None)
        self._group_tiles.set_visibility(group is not None)
        if group is not None:
            unknown = self._labels("unknown")
            values = {
                "faces": str(group.faces),
                "negative_share": percent(self._labels, group.negative_share),
                "spread": f"{group.spread:.2f}",
                "motion": unknown if group.motion is None else f"{group.motion:.2f}",
                "noise_db": unknown if group.noise_db is None else f"{group.noise_db:.0f}",
            }
            for name, value in values.items():
                self._group[name].set_text(value)

    def _missing_lines(self, state: State) -> list[str]:
        labels = self._labels
        return [
            f"{labels(item.source)} {labels(item.state)}" + (f": {detail(item.detail, labels)}" if item.detail else "")
            for item in state.missing
        ]


def shown_level(state: State, of_persons: bool) -> tuple[Level | None, str]:
    """The level now and its word; None is `unknown`, or `off` where fatigue is switched off.

    `of_persons`: whether fatigue of persons is recorded. Where it is not, open alerts count, and a class is `none` only
    while a group is judged.
    """
    if any(item.source == "fatigue" and item.state == "absent" for item in state.missing) and of_persons:
        return None, "off"
    if of_persons:
        level = state.fatigue.known_level if state.fatigue is not None and state.fatigue.track is not None else None
    else:
        level = max((item.level for item in state.incidents if item.end_s is None), default=None)
        level = Level.NONE if level is None and state.group is not None else level
    return level, "unknown" if level is None else level.name.lower()
