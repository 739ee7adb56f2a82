"""The current level with its causes and duration, and beside it tiles that a driver can read at a glance."""

from __future__ import annotations

from nicegui import ui

from edge.dashboard.charts.style import badge
from edge.dashboard.data.current_state import NO_OUTPUT, CurrentState
from edge.dashboard.pages.layout import DashboardContext, Tile, card, text
from edge.fatigue.policy import CAUSES
from edge.i18n.texts import Labels, Sentence
from edge.messages import Level, Source

_SIGHT = frozenset({"camera", "vision", "fatigue"})
"""Sources and stages that are required to see eyes."""


class LevelCard:
    """The card of the current level; built once, filled by `show`."""

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels, self._context = labels, context
        self._of_persons = context.records("fatigue")
        with card(labels("state"), "ev-state") as self._card:
            self._level = ui.label().classes("ev-level").props('role="status"')
            self._cause = text("p", "").classes("ev-cause")
            self._more = text("p", "").classes("ev-more")
            self._since = text("p", "").classes("ev-since")
            self._freshness = text("p", "").classes("ev-soft")

    def show(self, state: CurrentState, now_s: float, live: bool) -> None:
        """Show `state` at `now_s` (Unix seconds); if it is not live, the level is unknown."""
        shown = state if live else CurrentState(state.written_s)
        level, word = shown_level(shown, self._of_persons)
        self._level.set_text(self._level_label(word))
        self._level.classes(add="ev-off" if word == "off" else "", remove="" if word == "off" else "ev-off")
        self._card.style(badge(level, self._labels))
        fresh = self._freshness_of(state.age_s(now_s), live)
        first, *more = self._reasons(shown) if live else [fresh]
        self._cause.set_text(first)
        self._more.set_text(" · ".join(more))
        known = live and word != "off" and state.since_s is not None and self._of_persons
        length = self._labels.length(max(0.0, now_s - (state.since_s or 0.0)), whole=True)
        self._since.set_text(self._labels("for_time", length=length) if known else "")
        self._freshness.set_text(fresh if live else "")

    def _level_label(self, word: str) -> str:
        """The label of the level; a classroom is calm or unseen instead of normal or unknown."""
        if self._of_persons:
            return self._labels(word)
        return self._labels({"none": "calm", "unknown": "room_unseen"}.get(word, word))

    def _freshness_of(self, age_s: float | None, live: bool) -> str:
        if age_s is None:
            return self._labels("never_heard")
        return self._labels("fresh" if live else "stale", age=self._labels.length(age_s, whole=True))

    def _reasons(self, state: CurrentState) -> list[str]:
        """Causes of the level, gravest first, or why it is unknown; at least an empty string."""
        labels, fatigue = self._labels, state.fatigue
        if not self._of_persons:
            return [self._of_class(state)]
        if any(item.source == "fatigue" and item.state == "absent" for item in state.missing):
            return [""]
        if fatigue is None or fatigue.track is None:
            blind = [
                labels.explained(labels.part(item.source, item.state), labels.sentence(item.detail or ""))
                for item in state.missing
                if item.source in _SIGHT
            ]
            return [*blind, labels("nobody" if fatigue else "no_person")]
        causes = sorted(fatigue.causes, key=lambda cause: -_gravity(cause))
        looks = state.attention.causes if state.attention else ()
        barred = [state.face.reason.value] if state.face and state.face.reason else []
        why = [*causes, *looks, *barred, *([fatigue.unknown] if fatigue.unknown else [])]
        return list(dict.fromkeys(map(labels, why))) or [""]

    def _of_class(self, state: CurrentState) -> str:
        raised = [item for item in state.incidents if item.end_s is None]
        if raised:
            return self._labels(max(raised, key=lambda item: item.level).alert)
        return "" if state.group is not None else self._labels("no_group")


def _gravity(cause: str) -> int:
    """Index of a cause in the table of causes, whose last is the gravest."""
    return list(CAUSES).index(cause) if cause in CAUSES else -1


def shown_level(state: CurrentState, of_persons: bool) -> tuple[Level | None, str]:
    """The current level and its label key; None is `unknown`, or `off` if fatigue is switched off.

    `of_persons`: whether fatigue of persons is recorded. If it is not, open alerts count, and a class is `none` only
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


class GlanceTiles:
    """Tiles for the driver: last alert, whether a warning is possible, share of time in which eyes are judged."""

    def __init__(self, labels: Labels, context: DashboardContext) -> None:
        self._labels = labels
        self._alert = Tile(labels("last_alert"), note=True)
        self._warning = Tile(labels("can_warn"), note=True)
        self._judged = Tile(labels("judged_now"), note=True) if context.records("fatigue") else None

    def show(self, state: CurrentState, now_s: float, live: bool) -> None:
        """Show `state` at `now_s` (Unix seconds)."""
        self._show_alert(state, now_s)
        warning = can_warn(state.outputs) if live else None
        self._warning.show(warning is not None)
        if warning is not None:
            why = self._labels.clauses(map(self._labels.sentence, warning[1]))
            self._warning.set(self._labels(warning[0]), why)
        if self._judged is not None:
            fatigue = state.fatigue if live else None
            known = fatigue is not None and fatigue.track is not None
            self._judged.set(self._labels.percent(fatigue.valid_ratio if fatigue and known else None))

    def _show_alert(self, state: CurrentState, now_s: float) -> None:
        labels, last = self._labels, next(iter(state.incidents), None)
        if last is None:
            self._alert.set(labels("unknown" if state.written_s is None else "none_today"))
            return
        ended_s = last.end_s
        age = labels.length(max(0.0, now_s - (ended_s or last.start_s)), whole=True)
        since = labels("for_time" if ended_s is None else "ago", length=age)
        self._alert.set(labels(last.alert), f"{labels(last.level.name.lower())} · {since}", badge(last.level, labels))


def can_warn(outputs: tuple[Source, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Whether an output in the cab can warn: a label key, and the reasons; None without reports.

    One output that works is enough; failed outputs are reported as well.
    """
    if not outputs:
        return None
    works = [item.source for item in outputs if item.state == "ok"]
    lost = [item for item in outputs if item.state != "ok" and item.source != NO_OUTPUT]
    why = tuple(Sentence("part_state", part=item.source, state=item.state, detail=item.detail) for item in lost)
    if works:
        return "can_warn_yes", why
    return "can_warn_no", why or (outputs[0].detail,)
