"""ECharts options from a digest: pure functions, the same for the page and the report.

Charts are drawn as SVG: text and axes take `currentColor`, so they follow the dark or light page around them.
"""

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

LEVEL_COLOURS: dict[Level, str] = {
    Level.NONE: "#2e9e5b",
    Level.ADVISORY: "#d9a400",
    Level.WARNING: "#e8710a",
    Level.CRITICAL: "#d93025",
    Level.EMERGENCY: "#9c1f6b",
}
_SCORE_COLOUR = "#3b82f6"
_PERCLOS_COLOUR = "#8b5cf6"
INK = "currentColor"
_FAINT = {"color": INK, "opacity": 0.15}
_LEFT_PX, _RIGHT_PX = 96, 28
_SCORE_PX, _PERCLOS_PX, _KIND_PX = 150, 130, 30
_BETWEEN_PX, _TOP_PX, _SLIDER_PX = 46, 30, 60


def timeline(found: Digest, labels: Labels, recording: bool) -> Options:
    """Affect, PERCLOS over level bands and alerts, one above the other on one time axis that zooms.

    Args:
        found: What to draw; `start_s` and `end_s` are the ends of the axis.
        labels: The language.
        recording: Times count from the start of a recording; else they are Unix seconds, shown as local time.
    """
    lanes = _lanes(found)
    grids, tops = [], _TOP_PX
    for _, height_px in lanes:
        grids.append({"left": _LEFT_PX, "right": _RIGHT_PX, "top": tops, "height": height_px})
        tops += height_px + _BETWEEN_PX
    every = list(range(len(lanes)))
    parts = [make(found, labels, index) for index, (make, _) in enumerate(lanes)]
    return {
        "useUTC": recording,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("timeline")}},
        "textStyle": {"color": INK},
        "tooltip": {"trigger": "item", "confine": True},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": grids,
        "xAxis": [_time_axis(found, index, recording) for index in every],
        "yAxis": [axis for axis, _ in parts],
        "series": [item for _, series in parts for item in series],
        "dataZoom": [
            {"type": "inside", "xAxisIndex": every, "filterMode": "none"},
            {
                "type": "slider",
                "xAxisIndex": every,
                "filterMode": "none",
                "top": tops - _BETWEEN_PX + 34,
                "height": 22,
                "left": _LEFT_PX,
                "right": _RIGHT_PX,
                "textStyle": {"color": INK},
                "showDetail": False,
            },
        ],
    }


def timeline_height_px(found: Digest) -> int:
    """The height that `timeline` needs."""
    lanes = [height_px for _, height_px in _lanes(found)]
    return _TOP_PX + sum(lanes) + _BETWEEN_PX * (len(lanes) - 1) + _SLIDER_PX + 10


def _time_axis(found: Digest, index: int, recording: bool) -> Options:
    axis: Options = {
        "type": "time",
        "gridIndex": index,
        "min": _ms(found.start_s),
        "max": _ms(max(found.end_s, found.start_s + 1)),
        "axisLine": {"onZero": False, "lineStyle": _FAINT},
        "axisLabel": {"color": INK, "hideOverlap": True},
        "splitLine": {"show": False},
    }
    if recording:
        axis["axisLabel"]["formatter"] = "{H}:{mm}:{ss}" if found.end_s >= 3600 else "{m}:{ss}"
    return axis


def _score_lane(found: Digest, labels: Labels, index: int) -> Lane:
    scored = [item for item in found.said if item.score is not None]
    points = [
        {"value": [_ms((item.start_s + item.end_s) / 2), item.score], "name": said_text(item, labels)}
        for item in scored
    ]
    axis = _value_axis(labels("score"), index) | {"min": -1, "max": 1, "interval": 0.5}
    line = {
        "name": labels("score"),
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "symbolSize": 9,
        "showAllSymbol": True,
        "color": _SCORE_COLOUR,
        "data": points,
        "tooltip": {"formatter": "{b}"},
    }
    return axis, [line]


def _perclos_lane(found: Digest, labels: Labels, index: int) -> Lane:
    shares = [None if step.perclos_60 is None else round(100 * step.perclos_60, 1) for step in found.steps]
    top = max([40.0, *(share for share in shares if share is not None)])
    bands = [
        [
            {"xAxis": _ms(span.start_s), "itemStyle": {"color": LEVEL_COLOURS[span.level], "opacity": 0.25}},
            {"xAxis": _ms(span.end_s)},
        ]
        for span in found.levels
    ]
    axis = _value_axis(labels("perclos_60"), index) | {"min": 0, "max": min(100, top)}
    axis["axisLabel"]["formatter"] = "{value} %"
    line = {
        "name": f"{labels('perclos_60')} (%)",
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "showSymbol": False,
        "color": _PERCLOS_COLOUR,
        "data": [[_ms(step.t_s), share] for step, share in zip(found.steps, shares, strict=True)],
        "markArea": {"silent": True, "data": bands},
    }
    return axis, [line]


def _alert_lane(found: Digest, labels: Labels, index: int) -> Lane:
    kinds = list(dict.fromkeys(labels(incident.alert) for incident in found.incidents))
    marks, bars = [], []
    for incident in found.incidents:
        kind = labels(incident.alert)
        start_s = max(incident.start_s, found.start_s)
        end_s = max(start_s, incident.end_s or incident.start_s + incident.duration_s)
        colour = {"color": LEVEL_COLOURS[incident.level]}
        marks.append({"value": [_ms(start_s), kind], "name": incident_text(incident, labels), "itemStyle": colour})
        bars.append([{"coord": [_ms(start_s), kind], "lineStyle": colour}, {"coord": [_ms(end_s), kind]}])
    axis = _value_axis(labels("alerts"), index) | {"type": "category", "data": kinds}
    axis["axisLabel"] |= {"width": _LEFT_PX - 12, "overflow": "break"}
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


def _lanes(found: Digest) -> list[tuple[Callable[[Digest, Labels, int], Lane], int]]:
    """What draws each lane, and its height."""
    kinds = len({incident.alert for incident in found.incidents})
    scored = any(item.score is not None for item in found.said)
    score: list[tuple[Callable[[Digest, Labels, int], Lane], int]] = [(_score_lane, _SCORE_PX)] if scored else []
    return [*score, (_perclos_lane, _PERCLOS_PX), (_alert_lane, _KIND_PX * max(1, kinds))]


def _value_axis(name: str, index: int) -> Options:
    return {
        "type": "value",
        "gridIndex": index,
        "name": name,
        "nameTextStyle": {"color": INK, "align": "left", "padding": [0, 0, 0, 6 - _LEFT_PX]},
        "axisLabel": {"color": INK},
        "splitLine": {"lineStyle": _FAINT},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
    }


def _ms(t_s: float) -> int:
    return round(1000 * t_s)
