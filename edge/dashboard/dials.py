"""ECharts options of the round charts: the mean affect and the share of each emotion."""

from __future__ import annotations

from edge.affect.words import POLARITIES
from edge.dashboard.charts import INK, Options
from edge.dashboard.digest import Digest
from edge.dashboard.labels import Labels
from edge.dashboard.palette import EMOTION_COLOURS, POLARITY_COLOURS, UNKNOWN_COLOUR


def emotion_shares(found: Digest, labels: Labels) -> Options:
    """A ring of the share of each emotion."""
    data = [
        {
            "name": labels(word),
            "value": round(100 * share, 1),
            "itemStyle": {"color": EMOTION_COLOURS.get(word, UNKNOWN_COLOUR)},
        }
        for word, share in found.emotions.items()
    ]
    ring = {
        "type": "pie",
        "radius": ["40%", "62%"],
        "data": data,
        "label": {"color": INK, "formatter": "{b}\n{c}%", "overflow": "none"},
    }
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("emotions")}},
        "tooltip": {"formatter": "{b}: {c}%"},
        "series": [ring],
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
