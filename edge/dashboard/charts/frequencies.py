"""How often what was seen: sums of hours and days, and their charts; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from edge.affect.words import EMOTIONS
from edge.alerts.kinds import KINDS
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
from edge.i18n.labels import Labels
from edge.messages import Level

FrequencyKind = Literal["emotions", "polarities", "levels", "alerts"]
SUBJECTS: tuple[FrequencyKind, ...] = get_args(FrequencyKind)


@dataclass(frozen=True, slots=True)
class FrequencyView:
    """One row of the table of subjects."""

    label: str
    kind: str
    """The messages it is counted from."""
    colours: Mapping[str, str]
    """Colour of each part, in the order in which they are stacked."""
    shares: bool = True
    """Whether parts are shares of a time; else they are counted."""


_PALETTE = (
    *("#d93025", "#e8710a", "#d9a400", "#78909c", "#3b82f6", "#9c1f6b", "#5d4037", "#00796b", "#8b5cf6", "#0f9f9a"),
    *("#546e7a", "#7cb342"),
)

ABOUT: Mapping[FrequencyKind, FrequencyView] = {
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


def summed(hours: Iterable[Hour], subject: FrequencyKind) -> dict[str, float]:
    """The parts of several hours together: seconds, or how many."""
    parts: dict[str, float] = defaultdict(float)
    for hour in hours:
        for name, value in _parts(hour, subject).items():
            parts[name] += value
    return dict(parts)


def stacked(columns: Mapping[str, Parts], subject: FrequencyKind, labels: Labels) -> Options:
    """One bar for each column, its parts stacked: shares in percent, or counts."""
    about = ABOUT[subject]
    names = list(columns)
    series = []
    for name in _present(columns.values(), about):
        values = [_shown(columns[column], name, about) for column in names]
        series.append(
            {
                "name": labels(name),
                "type": "bar",
                "stack": "all",
                "color": about.colours.get(name, UNKNOWN_COLOUR),
                "data": values,
                "barMaxWidth": 56,
            }
        )
    value_axis: Options = {
        "type": "value",
        "axisLabel": {"color": INK, "fontSize": TEXT_PX, "formatter": "{value} %" if about.shares else "{value}"},
        "splitLine": {"lineStyle": FAINT},
        "minInterval": 1,
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "decal": {"show": True}},
        "textStyle": {"color": INK},
        "legend": {
            "type": "scroll",
            "top": 0,
            "textStyle": {"color": INK, "fontSize": TEXT_PX},
            "pageTextStyle": {"color": INK},
        },
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "grid": {"left": 56, "right": 12, "top": 40, "bottom": 30},
        "xAxis": {
            "type": "category",
            "data": names,
            "axisLabel": {"color": INK, "fontSize": TEXT_PX, "hideOverlap": True},
        },
        "yAxis": value_axis | ({"max": 100} if about.shares else {}),
        "series": series,
    }


def rows(columns: Mapping[str, Parts], subject: FrequencyKind, labels: Labels) -> tuple[list[str], list[list[str]]]:
    """The same as a table: its head, and a row for each column of the chart in which something is on record."""
    about = ABOUT[subject]
    present = _present(columns.values(), about)
    head = ["", *(labels(name) for name in present), *([labels("judged_time")] if about.shares else [])]
    lines = []
    for column, parts in columns.items():
        if parts:
            cells = [_cell(_shown(parts, name, about), about) for name in present]
            lines.append([column, *cells, *([labels.length(sum(parts.values()))] if about.shares else [])])
    return head, lines


def _parts(hour: Hour, subject: FrequencyKind) -> Parts:
    table: Mapping[FrequencyKind, Parts] = {
        "emotions": hour.emotions,
        "polarities": hour.polarities,
        "levels": hour.levels,
        "alerts": hour.alerts,
    }
    return table[subject]


def _present(columns: Iterable[Parts], about: FrequencyView) -> Sequence[str]:
    """The parts that occur, in the order of the table; unknown ones last."""
    found = {name for parts in columns for name in parts}
    return [*(name for name in about.colours if name in found), *sorted(found - set(about.colours))]


def _shown(parts: Parts, name: str, about: FrequencyView) -> float | None:
    """A share in percent or a count; None where nothing is known."""
    if not about.shares:
        return parts.get(name, 0.0)
    whole = sum(parts.values())
    return round(100 * parts.get(name, 0.0) / whole, 1) if whole else None


def _cell(value: float | None, about: FrequencyView) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} %" if about.shares else f"{value:.0f}"
