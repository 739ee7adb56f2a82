"""ECharts options from a digest: pure functions, the same for the page and the report.

Charts are drawn as SVG: text and axes take `currentColor`, so they follow the dark or light page around them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.affect.words import POLARITIES
from edge.dashboard.digest import Digest, Incident, Said
from edge.dashboard.labels import Labels
from edge.messages import Level

Options = dict[str, Any]

LEVEL_COLOURS: dict[Level, str] = {
    Level.NONE: "#2e9e5b",
    Level.ADVISORY: "#d9a400",
    Level.WARNING: "#e8710a",
    Level.CRITICAL: "#d93025",
    Level.EMERGENCY: "#9c1f6b",
}
_EMOTION_COLOURS = {
    "angry": "#c62828",
    "anxious": "#ef6c00",
    "tired": "#8d6e63",
    "neutral": "#78909c",
    "relaxed": "#26a69a",
    "happy": "#7cb342",
    "excited": "#fbc02d",
}
_SCORE_COLOUR = "#3b82f6"
_PERCLOS_COLOUR = "#8b5cf6"
_INK = "currentColor"
_FAINT = {"color": _INK, "opacity": 0.15}
_LEFT_PX, _RIGHT_PX = 96, 28
_LANES_PX = {"score": 150, "perclos": 130, "alerts": 64}
_BETWEEN_PX, _TOP_PX, _SLIDER_PX = 46, 30, 60


def timeline(found: Digest, labels: Labels, recording: bool) -> Options:
    """Affect, PERCLOS over level bands and alerts, one above the other on one time axis that zooms.

    Args:
        found: What to draw; `start_s` and `end_s` are the ends of the axis.
        labels: The language.
        recording: Times count from the start of a recording; else they are Unix seconds, shown as local time.
    """
    lanes = [name for name in _LANES_PX if name != "score" or found.said]
    grids, tops = [], _TOP_PX
    for name in lanes:
        grids.append({"left": _LEFT_PX, "right": _RIGHT_PX, "top": tops, "height": _LANES_PX[name]})
        tops += _LANES_PX[name] + _BETWEEN_PX
    every = list(range(len(lanes)))
    parts = [_LANES[name](found, labels, index) for index, name in enumerate(lanes)]
    return {
        "useUTC": recording,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("timeline")}},
        "textStyle": {"color": _INK},
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
                "textStyle": {"color": _INK},
                "showDetail": False,
            },
        ],
    }


def timeline_height_px(found: Digest) -> int:
    """The height that `timeline` needs."""
    lanes = [px for name, px in _LANES_PX.items() if name != "score" or found.said]
    return _TOP_PX + sum(lanes) + _BETWEEN_PX * (len(lanes) - 1) + _SLIDER_PX + 10


def emotion_shares(found: Digest, labels: Labels) -> Options:
    """A ring of the share of each emotion."""
    data = [
        {
            "name": labels(word),
            "value": round(100 * share, 1),
            "itemStyle": {"color": _EMOTION_COLOURS.get(word, "#999999")},
        }
        for word, share in found.emotions.items()
    ]
    ring = {
        "type": "pie",
        "radius": ["45%", "70%"],
        "data": data,
        "label": {"color": _INK, "formatter": "{b} {c}%"},
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("emotions")}},
        "tooltip": {"formatter": "{b}: {c}%"},
        "series": [ring],
    }


def gauge(score: float, word: str, labels: Labels) -> Options:
    """The overall affect on a half circle from negative to positive."""
    colours = ("#c62828", "#ef6c00", "#78909c", "#26a69a", "#7cb342")
    bands = [[(item.below + 1) / 2, colour] for item, colour in zip(POLARITIES, colours, strict=True)]
    dial = {
        "type": "gauge",
        "min": -1,
        "max": 1,
        "startAngle": 200,
        "endAngle": -20,
        "splitNumber": 4,
        "axisLine": {"lineStyle": {"width": 14, "color": bands}},
        "axisLabel": {"color": _INK, "distance": 20},
        "splitLine": {"length": 14, "lineStyle": {"color": "#ffffff"}},
        "axisTick": {"show": False},
        "pointer": {"width": 4, "itemStyle": {"color": _INK}},
        "title": {"color": _INK, "offsetCenter": [0, "72%"], "fontSize": 15},
        "detail": {"color": _INK, "offsetCenter": [0, "45%"], "fontSize": 22, "formatter": "{value}"},
        "data": [{"value": round(score, 2), "name": labels(word)}],
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": f"{labels('score_mean')} {score:+.2f}"}},
        "series": [dial],
    }


def evidence_text(found: Incident, labels: Labels) -> str:
    """What an alert rests on, in one line."""
    parts = []
    for name, value in found.evidence.items():
        if name == "causes":
            parts.extend(labels(str(cause)) for cause in value)
        elif isinstance(value, float):
            parts.append(f"{labels(name)} {value:.2f}")
        else:
            parts.append(f"{labels(name)} {value}")
    return " · ".join(parts)


def _time_axis(found: Digest, index: int, recording: bool) -> Options:
    axis: Options = {
        "type": "time",
        "gridIndex": index,
        "min": _ms(found.start_s),
        "max": _ms(max(found.end_s, found.start_s + 1)),
        "axisLine": {"lineStyle": _FAINT},
        "axisLabel": {"color": _INK, "hideOverlap": True},
        "splitLine": {"show": False},
    }
    if recording:
        axis["axisLabel"]["formatter"] = "{H}:{mm}:{ss}" if found.end_s >= 3600 else "{m}:{ss}"
    return axis


def _score_lane(found: Digest, labels: Labels, index: int) -> tuple[Options, list[Options]]:
    scored = [item for item in found.said if item.score is not None]
    points = [
        {"value": [_ms((item.start_s + item.end_s) / 2), item.score], "name": _said_text(item, labels)}
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


def _perclos_lane(found: Digest, labels: Labels, index: int) -> tuple[Options, list[Options]]:
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


def _alert_lane(found: Digest, labels: Labels, index: int) -> tuple[Options, list[Options]]:
    kinds = list(dict.fromkeys(labels(incident.alert) for incident in found.incidents))
    marks, bars = [], []
    for incident in found.incidents:
        kind = labels(incident.alert)
        start_s = max(incident.start_s, found.start_s)
        end_s = max(start_s, incident.end_s or incident.start_s + incident.duration_s)
        colour = {"color": LEVEL_COLOURS[incident.level]}
        marks.append({"value": [_ms(start_s), kind], "name": _incident_text(incident, labels), "itemStyle": colour})
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


_LANES: dict[str, Callable[[Digest, Labels, int], tuple[Options, list[Options]]]] = {
    "score": _score_lane,
    "perclos": _perclos_lane,
    "alerts": _alert_lane,
}


def _value_axis(name: str, index: int) -> Options:
    return {
        "type": "value",
        "gridIndex": index,
        "name": name,
        "nameTextStyle": {"color": _INK, "align": "left", "padding": [0, 0, 0, 6 - _LEFT_PX]},
        "axisLabel": {"color": _INK},
        "splitLine": {"lineStyle": _FAINT},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
    }


def _said_text(item: Said, labels: Labels) -> str:
    score = "" if item.score is None else f"{labels(item.emotion or '')} {item.score:+.2f}"
    return " · ".join(part for part in (score, item.words and f"“{item.words}”") if part)


def _incident_text(incident: Incident, labels: Labels) -> str:
    parts = (
        labels(incident.alert),
        labels(incident.level.name.lower()),
        labels.length(incident.duration_s),
        evidence_text(incident, labels),
    )
    return " · ".join(part for part in parts if part)


def _ms(t_s: float) -> int:
    return round(1000 * t_s)
