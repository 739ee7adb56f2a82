"""The lanes of the timeline chart: affect, group, PERCLOS, fatigue levels, alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from edge.config.constants import FATIGUE
from edge.dashboard.charts.style import (
    FAINT,
    INK,
    LEVEL_COLOURS,
    MODALITY_COLOURS,
    NOISE_COLOUR,
    PERCLOS_COLOUR,
    SCORE_COLOUR,
    TEXT_PX,
    Options,
    gap_indexes,
    milliseconds,
    with_gaps,
)
from edge.dashboard.data.aggregates import MAX_STEPS, Aggregates
from edge.dashboard.data.events import GroupStep
from edge.dashboard.event_text import incident_text, utterance_text
from edge.i18n.texts import Labels, signed
from edge.messages import ROOM_SOUNDS, Level

Lane = tuple[Options, list[Options]]
"""The y axis of a lane and its series."""
_Bars = dict[Level, list[tuple[str, float, float]]]
Draw = Callable[[Aggregates, Labels, int], Lane]
"""Arguments: aggregates, labels, index of the lane."""

LEFT_PX, RIGHT_PX = 96, 28
_SCORE_PX, _GROUP_PX, _SPREAD_PX, _PERCLOS_PX, _LEVEL_PX, _KIND_PX = 150, 90, 70, 110, 22, 30
_SYMBOLS = {"text": "rect", "audio": "circle", "vision": "diamond"}
_BREAK = [None, None]
"""Between two bars. A missing row alone does not end a line on an axis with a single row."""
_SOUND_SYMBOLS = {"laughter": "circle", "shouting": "triangle"}
_BAR_PX, _EDGE_PX = 12, 15
"""Thickness of the bar of a level or an alert, and of its edge, which is visible on any background."""
PERCLOS_THRESHOLDS = tuple(FATIGUE[f"perclos_{level}"].value for level in ("advisory", "warning", "critical"))
"""Defaults of the configuration."""
_SESSION_GAP_S = 600.0
"""The affect line breaks if no judgement follows within this time: another session."""


def lanes_of(found: Aggregates, thresholds: Sequence[float] = PERCLOS_THRESHOLDS) -> list[tuple[Draw, int]]:
    """The functions that draw the lanes, with heights in px; lanes without records are left out.

    `thresholds`: shares at which PERCLOS raises a level.
    """
    lanes: list[tuple[Draw, int]] = []
    if found.score_steps or any(item.score is not None for item in found.utterance_summaries):
        lanes.append((_score_lane, _SCORE_PX))
    if found.group_steps:
        lanes += [(_group_lane, _GROUP_PX), (_spread_lane, _SPREAD_PX), (_noise_lane, _GROUP_PX)]
        heard = {name for step in found.group_steps for name in step.sounds}
        lanes += [(_sound_lane, _KIND_PX * len(heard))] if heard else []
    if found.steps or not found.group_steps:
        lanes += [(partial(_perclos_lane, thresholds=thresholds), _PERCLOS_PX), (_level_lane, _LEVEL_PX * len(Level))]
    kinds = len({incident.alert for incident in found.incidents})
    return [*lanes, (_alert_lane, _KIND_PX * kinds)] if kinds else lanes


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


def _score_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("score"), index) | {"min": -1, "max": 1, "interval": 0.5}
    points: list[Options] = [
        {"value": [milliseconds((item.start_s + item.end_s) / 2), item.score], "name": utterance_text(item, labels)}
        for item in found.utterance_summaries
        if item.score is not None
    ]
    line = _line(labels("score"), index, SCORE_COLOUR, _between_sessions(points))
    line |= {"symbolSize": 9, "showSymbol": True, "showAllSymbol": True, "tooltip": {"formatter": "{b}"}}
    line["lineStyle"] = {"opacity": 0 if found.score_steps else 1}
    return axis, [*_score_band(found, labels, index), *_modality_lines(found, labels, index), line]


def _between_sessions(points: list[Options]) -> list[Options]:
    """Named points of affect as a line that breaks between sessions."""
    for number in reversed(gap_indexes([point["value"][0] for point in points], _SESSION_GAP_S)):
        points.insert(number, {"value": [points[number - 1]["value"][0] + 1, None]})
    return points


def _modality_lines(found: Aggregates, labels: Labels, index: int) -> list[Options]:
    """Thin lines of the scores of text, voice and face alone; a line breaks where its modality is absent."""
    lines = []
    for name, colour in MODALITY_COLOURS.items():
        points = [
            (milliseconds((item.start_s + item.end_s) / 2), item.modalities.get(name))
            for item in found.utterance_summaries
            if item.score is not None
        ]
        line = _line(labels(f"{name}_modality"), index, colour, with_gaps(points, _SESSION_GAP_S))
        look = {"width": 1.5, "type": "dashed", "opacity": 0 if found.score_steps else 0.85}
        lines.append(
            line | {"lineStyle": look, "symbol": _SYMBOLS[name], "symbolSize": 6, "showSymbol": not found.score_steps}
        )
    return lines


def _score_band(found: Aggregates, labels: Labels, index: int) -> list[Options]:
    """The mean as a line over the range from the lowest to the highest score.

    Without score steps the series are empty: a chart whose number of series changes loses its zoom.
    """
    low: list[tuple[int, float | None]] = []
    band: list[tuple[int, float | None]] = []
    mean: list[Options] = []
    for step in found.score_steps:
        t_ms = milliseconds(step.t_s)
        text = (
            f"{labels('score_mean')} {signed(step.mean)} ({signed(step.low)} … {signed(step.high)}, n = {step.count})"
        )
        low.append((t_ms, round(step.low, 3)))
        band.append((t_ms, round(step.high - step.low, 3)))
        mean.append({"value": [t_ms, round(step.mean, 3)], "name": text})
    bare = {"stack": "score", "lineStyle": {"opacity": 0}, "silent": True, "tooltip": {"show": False}}
    bare["stackStrategy"] = "all"
    area = {"areaStyle": {"color": SCORE_COLOUR, "opacity": 0.2}}
    line = _line(labels("score"), index, SCORE_COLOUR, _between_sessions(mean))
    line |= {"showSymbol": True, "symbolSize": 5, "tooltip": {"formatter": "{b}"}}
    return [
        _line("", index, SCORE_COLOUR, with_gaps(low, _SESSION_GAP_S)) | bare,
        _line("", index, SCORE_COLOUR, with_gaps(band, _SESSION_GAP_S)) | bare | area,
        line,
    ]


def _group_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("negative_share"), index) | {"min": 0, "max": 100, "interval": 50}
    axis["axisLabel"]["formatter"] = "{value} %"
    points = _of_groups(found, lambda step: None if step.negative_share is None else 100 * step.negative_share)
    return axis, [_line(f"{labels('negative_share')} (%)", index, SCORE_COLOUR, points)]


def _spread_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    """The spread of moods as a band: the wider, the more the moods differ."""
    axis = value_axis(labels("spread"), index) | {"min": -0.5, "max": 0.5, "interval": 0.5}
    half = _of_groups(found, lambda step: None if step.spread is None else step.spread / 2)
    low = [[t_ms, None if value is None else -value] for t_ms, value in half]
    band = [[t_ms, None if value is None else round(2 * value, 3)] for t_ms, value in half]
    bare = {"stack": "spread", "stackStrategy": "all", "lineStyle": {"opacity": 0}, "silent": True}
    area = {"areaStyle": {"color": SCORE_COLOUR, "opacity": 0.35}}
    return axis, [_line("", index, SCORE_COLOUR, low) | bare, _line("", index, SCORE_COLOUR, band) | bare | area]


def _noise_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    axis = value_axis(labels("noise_db"), index) | {"min": -90, "max": 0, "interval": 45}
    return axis, [_line(labels("noise_db"), index, NOISE_COLOUR, _of_groups(found, lambda step: step.noise_db))]


def _sound_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    """Laughter and shouting as marks, a row each, at the windows that hold them."""
    heard = {name for step in found.group_steps for name in step.sounds}
    rows = [name for name in ROOM_SOUNDS if name in heard]
    marks = [
        {"value": [milliseconds(step.t_s), labels(name)], "name": labels(name), "symbol": _SOUND_SYMBOLS[name]}
        for step in found.group_steps
        for name in step.sounds
    ]
    points = _points(labels("heard"), index, marks) | {"symbolSize": 11, "color": NOISE_COLOUR}
    return _rows_axis(labels("heard"), [labels(name) for name in rows], index), [points]


def _points(name: str, index: int, marks: list[Options]) -> Options:
    """Named marks on a row each; the name is the tooltip."""
    return {
        "name": name,
        "type": "scatter",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "data": marks,
        "tooltip": {"formatter": "{b}"},
    }


def _of_groups(found: Aggregates, value: Callable[[GroupStep], float | None]) -> list[list[float | None]]:
    values = [(milliseconds(step.t_s), value(step)) for step in found.group_steps]
    return with_gaps([(t_ms, None if known is None else round(known, 3)) for t_ms, known in values])


def _perclos_lane(found: Aggregates, labels: Labels, index: int, thresholds: Sequence[float]) -> Lane:
    shares = [None if step.perclos_60 is None else round(100 * step.perclos_60, 1) for step in found.steps]
    top = max([40.0, *(share for share in shares if share is not None)])
    axis = value_axis(labels("perclos_60"), index) | {"min": 0, "max": min(100, top), "interval": 20}
    axis["axisLabel"]["formatter"] = "{value} %"
    points = [(milliseconds(step.t_s), share) for step, share in zip(found.steps, shares, strict=True)]
    line = _line(f"{labels('perclos_60')} (%)", index, PERCLOS_COLOUR, with_gaps(points))
    return axis, [line | {"markLine": _threshold_lines(thresholds)}]


def _threshold_lines(thresholds: Sequence[float]) -> Options:
    look = {"color": INK, "opacity": 0.55, "type": "dashed", "width": 1}
    lines = [
        {
            "yAxis": 100 * share,
            "lineStyle": look,
            "label": {"formatter": f"{100 * share:g}", "color": INK, "distance": 3},
        }
        for share in thresholds
    ]
    return {"silent": True, "symbol": "none", "data": lines}


def _level_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    """One row per level, the gravest on top: position and colour both show the level."""
    rows = {level: labels(level.name.lower()) for level in Level}
    least_s = (found.end_s - found.start_s) / MAX_STEPS
    bars: _Bars = defaultdict(list)
    for span in found.levels:
        bars[span.level].append((rows[span.level], span.start_s, max(span.end_s, span.start_s + least_s)))
    return _rows_axis(labels("level"), list(rows.values()), index), _bars(bars, index)


def _rows_axis(name: str, rows: list[str], index: int) -> Options:
    axis = value_axis(name, index) | {"type": "category", "data": rows}
    axis["axisLabel"] |= {"width": LEFT_PX - 12, "overflow": "break", "interval": 0}
    axis["splitArea"] = {"show": True, "areaStyle": {"color": ["transparent", "rgba(128,128,128,0.08)"]}}
    return axis


def _bars(bars: Mapping[Level, Sequence[tuple[str, float, float]]], index: int) -> list[Options]:
    """Bars (row, start, end) of each level, clipped at the chart; under each an edge in the page's text colour.

    Series exist for all levels, as in `_score_band`.
    """
    series = []
    for level in Level:
        data: list[list[Any]] = []
        for row, start_s, end_s in bars.get(level, ()):
            start_ms, end_ms = milliseconds(start_s), milliseconds(end_s)
            data += [[start_ms, row], [end_ms, row], _BREAK]
        bare = {"silent": True, "tooltip": {"show": False}, "symbol": "none"}
        edge = {"lineStyle": {"color": INK, "width": _EDGE_PX, "cap": "butt", "opacity": 0.75}}
        fill = {"lineStyle": {"color": LEVEL_COLOURS[level], "width": _BAR_PX, "cap": "butt"}}
        series += [_line("", index, LEVEL_COLOURS[level], data) | bare | look for look in (edge, fill)]
    return series


def _alert_lane(found: Aggregates, labels: Labels, index: int) -> Lane:
    kinds = list(dict.fromkeys(labels(incident.alert) for incident in found.incidents))
    marks = []
    bars: _Bars = defaultdict(list)
    for incident in found.incidents:
        kind = labels(incident.alert)
        start_s = max(incident.start_s, found.start_s)
        end_s = max(start_s, incident.end_s or incident.start_s + incident.duration_s)
        style = {"color": LEVEL_COLOURS[incident.level], "borderColor": INK, "borderWidth": 1.5}
        value = [milliseconds(start_s), kind]
        marks.append({"value": value, "name": incident_text(incident, labels), "itemStyle": style})
        bars[incident.level].append((kind, start_s, end_s))
    points = _points(labels("alerts"), index, marks) | {"symbol": "roundRect", "symbolSize": [8, 18], "z": 3}
    return _rows_axis(labels("alerts"), kinds, index), [*_bars(bars, index), points]
