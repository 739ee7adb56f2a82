"""ECharts options of the round charts: the mean affect and the shape of the emotions."""

from __future__ import annotations

from collections.abc import Mapping

from edge.affect.words import EMOTIONS, POLARITIES
from edge.dashboard.charts.lanes import FAINT, INK, Options
from edge.dashboard.charts.style import POLARITY_COLOURS, SCORE_COLOUR
from edge.i18n.labels import Labels


def radar(shares: Mapping[str, float], labels: Labels) -> Options:
    """The share of the judged time of each of the seven emotions, as a shape; its rim is the largest share."""
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


def gauge(score: float, word: str, labels: Labels) -> Options:
    """The overall affect on a half circle from negative to positive."""
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
        "aria": {"enabled": True, "label": {"description": f"{labels('score_mean')} {score:+.2f}"}},
        "series": [dial],
    }
