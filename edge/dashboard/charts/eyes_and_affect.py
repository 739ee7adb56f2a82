"""ECharts options of small charts: the last minutes of a person's eyes, affect gauge, emotion radar."""

from __future__ import annotations

from collections.abc import Mapping

from edge.affect.fusion import EMOTIONS, POLARITIES
from edge.dashboard.charts.style import (
    FAINT,
    INK,
    OPENNESS_COLOUR,
    PERCLOS_COLOUR,
    POLARITY_COLOURS,
    SCORE_COLOUR,
    TEXT_PX,
    Options,
    milliseconds,
)
from edge.dashboard.data.calendar import clock_script
from edge.dashboard.data.current_state import EYES_WINDOW_S, EyeSample
from edge.dashboard.data.events import GAP_S
from edge.i18n.texts import Labels, signed


def emotion_radar(shares: Mapping[str, float], labels: Labels) -> Options:
    """Share of the judged time of each of the seven emotions; the rim is the largest share."""
    rim = max([*shares.values(), 0.01])
    values = [round(100 * shares.get(word.en, 0.0), 1) for word in EMOTIONS]
    shape = {
        "type": "radar",
        "symbolSize": 5,
        "color": SCORE_COLOUR,
        "areaStyle": {"opacity": 0.25},
        "data": [{"value": values, "name": labels("emotions")}],
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("emotions")}},
        "tooltip": {"confine": True},
        "radar": {
            "indicator": [{"name": labels(word.en), "max": round(100 * rim, 1)} for word in EMOTIONS],
            "radius": "62%",
            "splitNumber": 4,
            "axisName": {"color": INK, "fontSize": 12},
            "axisLine": {"lineStyle": FAINT},
            "splitLine": {"lineStyle": FAINT},
            "splitArea": {"show": False},
        },
        "series": [shape],
    }


def affect_gauge(score: float, word: str, labels: Labels) -> Options:
    """The affect score on a half circle from negative to positive."""
    bands = [[(item.below + 1) / 2, POLARITY_COLOURS[item.en]] for item in POLARITIES]
    dial = {
        "type": "gauge",
        "min": -1,
        "max": 1,
        "startAngle": 200,
        "endAngle": -20,
        "splitNumber": 4,
        "axisLine": {"lineStyle": {"width": 14, "color": bands}},
        "axisLabel": {"color": INK, "distance": 22, "fontSize": 11},
        "splitLine": {"length": 14, "distance": -14, "lineStyle": {"color": "#ffffff"}},
        "axisTick": {"show": False},
        "radius": "90%",
        "pointer": {"width": 4, "length": "45%", "itemStyle": {"color": INK}},
        "title": {"color": INK, "offsetCenter": [0, "72%"], "fontSize": 15},
        "detail": {"color": INK, "offsetCenter": [0, "45%"], "fontSize": 22, "formatter": "{value}"},
        "data": [{"value": round(score, 2), "name": labels(word)}],
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": f"{labels('score_mean')} {signed(score)}"}},
        "series": [dial],
    }


def eyes_chart(moments: tuple[EyeSample, ...], until_s: float, labels: Labels) -> Options:
    """Openness and PERCLOS over the last `EYES_WINDOW_S` before `until_s` (Unix seconds), both in percent."""
    clock = clock_script(until_s - EYES_WINDOW_S, until_s)
    series = []
    for name, colour in (("openness", OPENNESS_COLOUR), ("perclos_60", PERCLOS_COLOUR)):
        series.append(
            {
                "name": labels(name),
                "type": "line",
                "showSymbol": False,
                "color": colour,
                "data": _points(moments, name),
            }
        )
    return {
        "useUTC": True,
        "animation": False,
        "textStyle": {"color": INK},
        "legend": {"top": 0, "right": 0, "textStyle": {"color": INK, "fontSize": TEXT_PX}, "icon": "roundRect"},
        "tooltip": {"trigger": "axis", "confine": True},
        "grid": {"left": 48, "right": 12, "top": 30, "bottom": 26},
        "xAxis": {
            "type": "time",
            "min": milliseconds(until_s - EYES_WINDOW_S),
            "max": milliseconds(until_s),
            "axisLabel": {"color": INK, "fontSize": TEXT_PX, "hideOverlap": True, ":formatter": clock},
            "axisPointer": {"label": {":formatter": f"pointed => ({clock})(pointed.value)"}},
            "axisLine": {"lineStyle": FAINT},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": 100,
            "interval": 50,
            "axisLabel": {"color": INK, "fontSize": TEXT_PX, "formatter": "{value} %"},
            "splitLine": {"lineStyle": FAINT},
        },
        "series": series,
    }


def _points(moments: tuple[EyeSample, ...], name: str) -> list[list[float | None]]:
    points: list[list[float | None]] = []
    last_s = None
    for moment in moments:
        if last_s is not None and moment.t_s - last_s > GAP_S:
            points.append([milliseconds(last_s + 1), None])
        value = moment.openness if name == "openness" else moment.perclos_60
        points.append([milliseconds(moment.t_s), None if value is None else round(100 * value, 1)])
        last_s = moment.t_s
    return points
