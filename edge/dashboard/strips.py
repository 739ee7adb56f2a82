"""ECharts options of the live page: the last minutes of a person's eyes."""

from __future__ import annotations

from edge.dashboard.charts.lanes import FAINT, INK, TEXT_PX, Options, milliseconds
from edge.dashboard.charts.style import OPENNESS_COLOUR, PERCLOS_COLOUR
from edge.dashboard.data.current_state import EYES_WINDOW_S, EyeSample
from edge.dashboard.zone import clock_script
from edge.i18n.labels import Labels

_GAP_S = 3.0
"""Without a moment for this long the line is broken: nothing is known of what lies between."""


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
        if last_s is not None and moment.t_s - last_s > _GAP_S:
            points.append([milliseconds(last_s + 1), None])
        value = moment.openness if name == "openness" else moment.perclos_60
        points.append([milliseconds(moment.t_s), None if value is None else round(100 * value, 1)])
        last_s = moment.t_s
    return points
