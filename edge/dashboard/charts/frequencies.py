"""Frequencies of emotions, polarities, fatigue levels and alerts: sums of hours and days, charts and tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from edge.affect.fusion import EMOTIONS
from edge.alerts.condition import KINDS
from edge.dashboard.charts.style import (
    EMOTION_COLOURS,
    FAINT,
    INK,
    LEVEL_COLOURS,
    POLARITY_COLOURS,
    TEXT_PX,
    UNKNOWN_COLOUR,
    Options,
)
from edge.dashboard.data.trends import Hour
from edge.i18n.texts import Labels
from edge.messages import Level

FrequencyKind = Literal["emotions", "polarities", "levels", "alerts"]
FREQUENCY_KINDS: tuple[FrequencyKind, ...] = get_args(FrequencyKind)


@dataclass(frozen=True, slots=True)
class FrequencyView:
    """How one kind of frequency is labelled, counted and coloured."""

    label: str
    message_kind: str
    """The kind of message that is counted."""
    colours: Mapping[str, str]
    """Colour of each part, in stacking order."""
    shares: bool = True
    """True: parts are shares of time; false: counts."""


_PALETTE = (
    *("#d93025", "#e8710a", "#d9a400", "#78909c", "#3b82f6", "#9c1f6b", "#5d4037", "#00796b", "#8b5cf6", "#0f9f9a"),
    *("#546e7a", "#7cb342"),
)

FREQUENCY_VIEWS: Mapping[FrequencyKind, FrequencyView] = {
    "emotions": FrequencyView("emotions", "affect", {word.en: EMOTION_COLOURS[word.en] for word in EMOTIONS}),
    "polarities": FrequencyView("polarity", "affect", POLARITY_COLOURS),
    "levels": FrequencyView(
        "fatigue_levels",
        "fatigue",
        {level.name.lower(): LEVEL_COLOURS[level] for level in Level} | {"unknown": UNKNOWN_COLOUR},
    ),
    "alerts": FrequencyView("alerts", "alert", dict(zip(KINDS, _PALETTE, strict=True)), shares=False),
}

Parts = Mapping[str, float]


def frequency_parts(hours: Iterable[Hour], kind: FrequencyKind) -> dict[str, float]:
    """The parts of several hours together: seconds or counts."""
    parts: dict[str, float] = defaultdict(float)
    for hour in hours:
        for name, value in _parts(hour, kind).items():
            parts[name] += value
    return dict(parts)


def frequency_chart(columns: Mapping[str, Parts], kind: FrequencyKind, labels: Labels) -> Options:
    """One stacked bar per column: shares in percent, or counts."""
    view = FREQUENCY_VIEWS[kind]
    names = list(columns)
    series = []
    for name in _present(columns.values(), view):
        values = [_shown(columns[column], name, view) for column in names]
        series.append(
            {
                "name": labels(name),
                "type": "bar",
                "stack": "all",
                "color": view.colours.get(name, UNKNOWN_COLOUR),
                "data": values,
                "barMaxWidth": 56,
            }
        )
    value_axis: Options = {
        "type": "value",
        "axisLabel": {"color": INK, "fontSize": TEXT_PX, "formatter": "{value} %" if view.shares else "{value}"},
        "splitLine": {"lineStyle": FAINT},
        "minInterval": 1,
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "decal": {"show": True}},
        "textStyle": {"color": INK},
        "legend": {
            "top": 0,
            "itemGap": 8,
            "textStyle": {"color": INK, "fontSize": TEXT_PX},
        },
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "grid": {"left": 56, "right": 12, "top": 60, "bottom": 30},
        "xAxis": {
            "type": "category",
            "data": names,
            "axisLabel": {"color": INK, "fontSize": TEXT_PX, "hideOverlap": True},
        },
        "yAxis": value_axis | ({"max": 100} if view.shares else {}),
        "series": series,
    }


def frequency_rows(
    columns: Mapping[str, Parts], kind: FrequencyKind, labels: Labels
) -> tuple[list[str], list[list[str]]]:
    """The chart as a table: head, and one row per column with records."""
    view = FREQUENCY_VIEWS[kind]
    present = _present(columns.values(), view)
    head = ["", *(labels(name) for name in present), *([labels("judged_time")] if view.shares else [])]
    lines = []
    for column, parts in columns.items():
        if parts:
            cells = [_cell(_shown(parts, name, view), view, labels) for name in present]
            lines.append([column, *cells, *([labels.length(sum(parts.values()))] if view.shares else [])])
    return head, lines


def _parts(hour: Hour, kind: FrequencyKind) -> Parts:
    table: Mapping[FrequencyKind, Parts] = {
        "emotions": hour.emotions,
        "polarities": hour.polarities,
        "levels": hour.levels,
        "alerts": hour.alerts,
    }
    return table[kind]


def _present(columns: Iterable[Parts], view: FrequencyView) -> Sequence[str]:
    """The parts that occur, in stacking order; unknown parts last."""
    found = {name for parts in columns for name in parts}
    return [*(name for name in view.colours if name in found), *sorted(found - set(view.colours))]


def _shown(parts: Parts, name: str, view: FrequencyView) -> float | None:
    """A share in percent or a count; None without records."""
    if not view.shares:
        return parts.get(name, 0.0)
    whole = sum(parts.values())
    return round(100 * parts.get(name, 0.0) / whole, 1) if whole else None


def _cell(value: float | None, view: FrequencyView, labels: Labels) -> str:
    if value is None:
        return "–"
    return labels.percent(value / 100) if view.shares else f"{value:.0f}"
