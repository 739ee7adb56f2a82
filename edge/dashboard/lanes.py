"""The lanes of the timeline chart: affect, group, PERCLOS over level bands, alerts; pure, from a digest to options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.dashboard.captions import incident_text, said_text
from edge.dashboard.digest import Digest
from edge.dashboard.labels import Labels
from edge.messages import Level

Options = dict[str, Any]
Lane = tuple[Options, list[Options]]
"""The y axis of a lane and its series."""
Draw = Callable[[Digest, Labels, int], Lane]
"""Gets the lane's place among the lanes."""

LEVEL_COLOURS: dict[Level, str] = {
    Level.NONE: "#2e9e5b",
    Level.ADVISORY: "#d9a400",
    Level.WARNING: "#e8710a",
    Level.CRITICAL: "#d93025",
    Level.EMERGENCY: "#9c1f6b",
}
UNKNOWN_COLOUR = "#888888"
SCORE_COLOUR = "#3b82f6"
PERCLOS_COLOUR = "#8b5cf6"
NOISE_COLOUR = "#0f9f9a"
INK = "currentColor"
TEXT_PX = 14
"""Readable on a 7-inch screen at arm's length."""
FAINT = {"color": INK, "opacity": 0.15}
LEFT_PX, RIGHT_PX = 96, 28
_SCORE_PX, _GROUP_PX, _PERCLOS_PX, _KIND_PX = 150, 110, 130, 30


def lanes_of(found: Digest) -> list[tuple[Draw, int]]:
    """What draws each lane, and its height in px; a lane without anything on record is left out."""
    lanes: list[tuple[Draw, int]] = []
    if found.score_steps or any(item.score is not None for item in found.said):
        lanes.append((_score_lane, _SCORE_PX))
    if found.group_steps:
        lanes += [(_group_lane, _GROUP_PX), (_noise_lane, _GROUP_PX)]
    if found.steps or not found.group_steps:
        lanes.append((_perclos_lane, _PERCLOS_PX))
    kinds = len({incident.alert for incident in found.incidents})
    return [*lanes, (_alert_lane, _KIND_PX * max(1, kinds))]


def value_axis(name: str, index: int) -> Options:
    """A y axis with its name above it."""
    return {
        "type": "value",
        "gridIndex": index,
        "name": name,
        "nameTextStyle": {"color": INK, "fontSize": TEXT_PX, "align": "left", "padding": [0, 0, 0, 6 - LEFT_PX]},
        "axisLabel": {"color": INK, "fontSize": TEXT_PX},
        "splitLine": {"lineStyle": FAINT},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
    }


def milliseconds(t_s: float) -> int:
    """A time as ECharts counts it."""
    return round(1000 * t_s)


def _line(name: str, index: int, colour: str, data: list[Any]) -> Options:
    return {
        "name": name,
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "showSymbol": False,
        "color": colour,
        "data": data,
    }


def _score_lane(found: Digest, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("score"), index) | {"min": -1, "max": 1, "interval": 0.5}
    points = [
        {"value": [milliseconds((item.start_s + item.end_s) / 2), item.score], "name": said_text(item, labels)}
        for item in found.said
        if item.score is not None
    ]
    line = _line(labels("score"), index, SCORE_COLOUR, points)
    line |= {"symbolSize": 9, "showSymbol": True, "showAllSymbol": True, "tooltip": {"formatter": "{b}"}}
    line["lineStyle"] = {"opacity": 0 if found.score_steps else 1}
    return axis, [*_score_band(found, labels, index), line]


def _score_band(found: Digest, labels: Labels, index: int) -> list[Options]:
    """The mean as a line over the range from the lowest to the highest score.

    Also where there is none: a page whose chart gets another number of series forgets what was zoomed into.
    """
    low, band, mean = [], [], []
    for step in found.score_steps:
        t_ms = milliseconds(step.t_s)
        text = f"{labels('score_mean')} {step.mean:+.2f} ({step.low:+.2f} … {step.high:+.2f}, n = {step.count})"
        low.append([t_ms, round(step.low, 3)])
        band.append([t_ms, round(step.high - step.low, 3)])
        mean.append({"value": [t_ms, round(step.mean, 3)], "name": text})
    bare = {"stack": "score", "lineStyle": {"opacity": 0}, "silent": True, "tooltip": {"show": False}}
    bare["stackStrategy"] = "all"
    area = {"areaStyle": {"color": SCORE_COLOUR, "opacity": 0.2}}
    line = _line(labels("score"), index, SCORE_COLOUR, mean)
    line |= {"showSymbol": True, "symbolSize": 5, "tooltip": {"formatter": "{b}"}}
    return [
        _line("", index, SCORE_COLOUR, low) | bare,
        _line("", index, SCORE_COLOUR, band) | bare | area,
        line,
    ]


def _group_lane(found: Digest, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("negative_share"), index) | {"min": 0, "max": 100}
    axis["axisLabel"]["formatter"] = "{value} %"
    data = [
        [milliseconds(step.t_s), None if step.negative_share is None else round(100 * step.negative_share, 1)]
        for step in found.group_steps
    ]
    line = _line(f"{labels('negative_share')} (%)", index, SCORE_COLOUR, data)
    return axis, [line | {"showSymbol": True, "symbolSize": 5}]


def _noise_lane(found: Digest, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("noise_db"), index) | {"min": -90, "max": 0}
    data = [
        [milliseconds(step.t_s), None if step.noise_db is None else round(step.noise_db, 1)]
        for step in found.group_steps
    ]
    line = _line(labels("noise_db"), index, NOISE_COLOUR, data)
    return axis, [line | {"showSymbol": True, "symbolSize": 5}]


def _perclos_lane(found: Digest, labels: Labels, index: int) -> Lane:
    shares = [None if step.perclos_60 is None else round(100 * step.perclos_60, 1) for step in found.steps]
    top = max([40.0, *(share for share in shares if share is not None)])
    bands = [
        [
            {"xAxis": milliseconds(span.start_s), "itemStyle": {"color": LEVEL_COLOURS[span.level], "opacity": 0.25}},
            {"xAxis": milliseconds(span.end_s)},
        ]
        for span in found.levels
    ]
    axis = value_axis(labels("perclos_60"), index) | {"min": 0, "max": min(100, top)}
    axis["axisLabel"]["formatter"] = "{value} %"
    data = [[milliseconds(step.t_s), share] for step, share in zip(found.steps, shares, strict=True)]
    line = _line(f"{labels('perclos_60')} (%)", index, PERCLOS_COLOUR, data)
    return axis, [line | {"markArea": {"silent": True, "data": bands}}]


def _alert_lane(found: Digest, labels: Labels, index: int) -> Lane:
    kinds = list(dict.fromkeys(labels(incident.alert) for incident in found.incidents))
    marks, bars = [], []
    for incident in found.incidents:
        kind = labels(incident.alert)
        start_s = max(incident.start_s, found.start_s)
        end_s = max(start_s, incident.end_s or incident.start_s + incident.duration_s)
        colour = {"color": LEVEL_COLOURS[incident.level]}
        start_ms = milliseconds(start_s)
        marks.append({"value": [start_ms, kind], "name": incident_text(incident, labels), "itemStyle": colour})
        bars.append([{"coord": [start_ms, kind], "lineStyle": colour}, {"coord": [milliseconds(end_s), kind]}])
    axis = value_axis(labels("alerts"), index) | {"type": "category", "data": kinds}
    axis["axisLabel"] |= {"width": LEFT_PX - 12, "overflow": "break"}
    points = {
        "name": labels("alerts"),
        "type": "scatter",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "symbol": "roundRect",
        "symbolSize": [8, 18],
        "data": marks,
        "tooltip": {"formatter": "{b}"},
        "markLine": {"silent": True, "symbol": "none", "lineStyle": {"width": 8, "type": "solid"}, "data": bars},
    }
    return axis, [points]
