"""ECharts options of the round charts: the mean affect and the share of each emotion."""

from __future__ import annotations

from edge.affect.words import POLARITIES
from edge.dashboard.charts import INK, Options
from edge.dashboard.digest import Digest
from edge.dashboard.labels import Labels

EMOTION_COLOURS = {
    "angry": "#c62828",
    "anxious": "#ef6c00",
    "tired": "#8d6e63",
    "neutral": "#78909c",
    "relaxed": "#26a69a",
    "happy": "#7cb342",
    "excited": "#fbc02d",
}
POLARITY_COLOURS = ("#c62828", "#ef6c00", "#78909c", "#26a69a", "#7cb342")
"""From negative to positive."""


def emotion_shares(found: Digest, labels: Labels) -> Options:
    """A ring of the share of each emotion."""
    data = [
        {
            "name": labels(word),
            "value": round(100 * share, 1),
            "itemStyle": {"color": EMOTION_COLOURS.get(word, "#999999")},
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
    bands = [[(item.below + 1) / 2, colour] for item, colour in zip(POLARITIES, POLARITY_COLOURS, strict=True)]
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
