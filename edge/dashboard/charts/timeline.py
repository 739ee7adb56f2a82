"""The timeline chart of the page and the report: lanes one above the other on one time axis.

Charts are SVG: text and axes take `currentColor`, so they follow a dark or light page.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.dashboard.charts.style import FAINT, INK, TEXT_PX, Options, milliseconds
from edge.dashboard.charts.timeline_lanes import LEFT_PX, PERCLOS_THRESHOLDS, RIGHT_PX, lanes_of
from edge.dashboard.data.aggregates import Aggregates
from edge.dashboard.data.calendar import clock_script
from edge.i18n.texts import Labels

_BETWEEN_PX, _TOP_PX, _SLIDER_PX = 58, 30, 60
_STEPS_S = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_MOST_STEPS = 6
"""Between the labels of an axis that counts from the start."""
_SINCE = """ms => {{ const s = Math.round((ms - {start_ms}) / 1000), two = n => String(n).padStart(2, "0");
return `${{Math.floor(s / 3600)}}:${{two(Math.floor(s / 60) % 60)}}:${{two(s % 60)}}`; }}"""
"""Unix milliseconds as the time since the start."""


def timeline_chart(
    found: Aggregates,
    labels: Labels,
    recording: bool,
    thresholds: Sequence[float] = PERCLOS_THRESHOLDS,
    common_length_s: float | None = None,
) -> Options:
    """ECharts options: affect, PERCLOS, level bands and alerts on one time axis with zoom.

    A key that starts with a colon holds JavaScript (a convention of NiceGUI).

    Args:
        found: What to draw; `start_s` and `end_s` are the ends of the axis.
        labels: The language.
        recording: True: times count from the start of a recording. False: Unix seconds, shown as local time of the box.
        thresholds: Shares at which PERCLOS raises a level.
        common_length_s: The axis has this length and counts from `start_s`, for charts side by side.
    """
    lanes = lanes_of(found, thresholds)
    grids, tops = [], _TOP_PX
    for _, height_px in lanes:
        grids.append({"left": LEFT_PX, "right": RIGHT_PX, "top": tops, "height": height_px})
        tops += height_px + _BETWEEN_PX
    every = list(range(len(lanes)))
    parts = [make(found, labels, index) for index, (make, _) in enumerate(lanes)]
    return {
        "useUTC": True,
        "animation": False,
        "aria": {"enabled": True, "label": {"description": labels("timeline")}},
        "textStyle": {"color": INK},
        "tooltip": {"trigger": "item", "confine": True},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": grids,
        "xAxis": [_time_axis(found, index, recording, common_length_s) for index in every],
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
                "left": LEFT_PX,
                "right": RIGHT_PX,
                "textStyle": {"color": INK},
                "showDetail": False,
            },
        ],
    }


def timeline_height_px(found: Aggregates) -> int:
    """The height that `timeline_chart` needs."""
    lanes = [height_px for _, height_px in lanes_of(found)]
    return _TOP_PX + sum(lanes) + _BETWEEN_PX * (len(lanes) - 1) + _SLIDER_PX + 10


def _time_axis(found: Aggregates, index: int, recording: bool, common_length_s: float | None) -> Options:
    end_s = found.end_s if common_length_s is None else found.start_s + common_length_s
    axis: Options = {
        "type": "time",
        "gridIndex": index,
        "min": milliseconds(found.start_s),
        "max": milliseconds(max(end_s, found.start_s + 1)),
        "axisLine": {"onZero": False, "lineStyle": FAINT},
        "axisLabel": {"color": INK, "fontSize": TEXT_PX, "hideOverlap": True},
        "splitLine": {"show": False},
    }
    if recording:
        axis["axisLabel"]["formatter"] = "{H}:{mm}:{ss}" if found.end_s >= 3600 else "{m}:{ss}"
    elif common_length_s is not None:
        step_s = next((step for step in _STEPS_S if common_length_s <= _MOST_STEPS * step), _STEPS_S[-1])
        labelled = [milliseconds(found.start_s + n * step_s) for n in range(int(common_length_s // step_s) + 1)]
        axis["axisLabel"] |= {
            ":formatter": _SINCE.format(start_ms=milliseconds(found.start_s)),
            "customValues": labelled,
        }
        axis["axisTick"] = {"customValues": labelled}
    else:
        axis["axisLabel"][":formatter"] = clock_script(found.start_s, found.end_s)
    return axis
