"""Beside the level, readable from a driver's seat: the last alert, whether the driver can be warned, what is judged."""

from __future__ import annotations

from edge.dashboard.charts.style import badge
from edge.dashboard.data.current_state import NO_OUTPUT, CurrentState
from edge.dashboard.i18n.details import detail
from edge.dashboard.pages.setting import DashboardContext
from edge.dashboard.pages.widgets import Tile, percent
from edge.i18n.labels import Labels
from edge.messages import Source


class GlanceTiles:
    """Tiles, built once and filled by `show`."""

    def __init__(self, labels: Labels, setting: DashboardContext) -> None:
        self._labels = labels
        self._alert = Tile(labels("last_alert"), note=True)
        self._warning = Tile(labels("can_warn"), note=True)
        self._judged = Tile(labels("judged_now"), note=True) if setting.records("fatigue") else None

    def show(self, state: CurrentState, now_s: float, live: bool) -> None:
        """Show `state` as of `now_s` (Unix seconds)."""
        self._show_alert(state, now_s)
        told = can_warn(state.outputs) if live else None
        self._warning.show(told is not None)
        if told is not None:
            why = "; ".join(detail(item, self._labels) for item in told[1])
            self._warning.set(self._labels(told[0]), why)
        if self._judged is not None:
            fatigue = state.fatigue if live else None
            known = fatigue is not None and fatigue.track is not None
            self._judged.set(percent(self._labels, fatigue.valid_ratio if fatigue and known else None))

    def _show_alert(self, state: CurrentState, now_s: float) -> None:
        labels, last = self._labels, next(iter(state.incidents), None)
        if last is None:
            self._alert.set(labels("unknown" if state.written_s is None else "none_today"))
            return
        ended_s = last.end_s
        age = labels.length(max(0.0, now_s - (ended_s or last.start_s)), whole=True)
        said = labels("for_time" if ended_s is None else "ago", length=age)
        self._alert.set(labels(last.alert), f"{labels(last.level.name.lower())} · {said}", badge(last.level, labels))


def can_warn(outputs: tuple[Source, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Whether something in the cab can warn: a word of the labels, and why or with what; None: nothing was said of it.

    One output that works is enough; what has failed beside it is told all the same.
    """
    if not outputs:
        return None
    works = [item.source for item in outputs if item.state == "ok"]
    lost = [item for item in outputs if item.state != "ok" and item.source != NO_OUTPUT]
    why = tuple(f"{item.source} {item.state}: {item.detail}" for item in lost)
    if works:
        return "can_warn_yes", why
    return "can_warn_no", why or (outputs[0].detail,)
