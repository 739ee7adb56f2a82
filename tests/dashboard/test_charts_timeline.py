from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from made_recording import LENGTH_S, drive

from edge.dashboard.charts import eyes_and_affect
from edge.dashboard.charts.style import LEVEL_COLOURS, with_gaps
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.aggregates import Aggregates, aggregate
from edge.dashboard.data.events import ScoreStep
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.messages import Affect, Level

EN = Labels("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_options_are_plain_json_in_each_language(language: Language) -> None:
    found, labels = aggregate(drive()), Labels(language)
    for options in (
        timeline_chart(found, labels, recording=True),
        eyes_and_affect.affect_gauge(0.3, "relaxed", labels),
        eyes_and_affect.emotion_radar(found.emotions, labels),
    ):
        assert json.loads(json.dumps(options, allow_nan=False)) == options


def test_the_lanes_share_one_axis_of_time_that_zooms() -> None:
    options = timeline_chart(aggregate(drive()), EN, recording=True)
    assert len(options["grid"]) == len(options["xAxis"]) == len(options["yAxis"]) == 4
    assert {(axis["min"], axis["max"]) for axis in options["xAxis"]} == {(0, 1000 * LENGTH_S)}
    assert {zoom["type"] for zoom in options["dataZoom"]} == {"inside", "slider"}
    assert all(zoom["xAxisIndex"] == [0, 1, 2, 3] for zoom in options["dataZoom"])
    bottom = max(grid["top"] + grid["height"] for grid in options["grid"])
    slider = options["dataZoom"][1]
    assert bottom < slider["top"]
    assert slider["top"] + slider["height"] <= timeline_height_px(aggregate(drive()))


def named(name: str, found: Aggregates) -> dict[str, Any]:
    """The last series of this name."""
    series = timeline_chart(found, EN, recording=True)["series"]
    return next(item for item in reversed(series) if item["name"] == name)


def test_where_no_affect_is_on_record_there_is_no_lane_for_it() -> None:
    messages = [message for message in drive() if not isinstance(message, Affect)]
    options = timeline_chart(aggregate(messages), EN, recording=True)
    assert [axis["name"] for axis in options["yAxis"]] == [EN("perclos_60"), EN("level"), EN("alerts")]


def test_levels_are_bars_in_a_row_of_their_own_and_alerts_are_marks_of_their_colour() -> None:
    options = timeline_chart(aggregate(drive()), EN, recording=True)
    rows, critical = options["yAxis"][2]["data"], LEVEL_COLOURS[Level.CRITICAL]
    assert rows == ["normal", "advisory", "warning", "critical", "emergency"], "the gravest is the topmost"
    bars = [s["data"] for s in options["series"] if s["yAxisIndex"] == 2 and s["lineStyle"]["color"] == critical]
    assert bars == [[[61_000, "critical"], [63_000, "critical"], [None, None]]]
    mark = options["series"][-1]["data"][0]
    assert mark["value"] == [60_000, "microsleep"]
    assert mark["itemStyle"]["color"] == critical
    assert "microsleep" in mark["name"]
    assert "2.7 s" in mark["name"]


def test_unknown_perclos_is_a_gap_and_not_zero() -> None:
    perclos = named("PERCLOS 60 s (%)", aggregate(drive()))
    assert perclos["data"][10] == [10_000, None]


def test_a_line_is_broken_where_nothing_is_on_record() -> None:
    """The box was off from second 20 to 60; one report a second, and one that came late."""
    times = [*range(20), *range(60, 80), 82]
    line = with_gaps([(1000 * second, 1.0) for second in times])
    assert [point[0] for point in line if point[1] is None] == [19_001]
    coarse = with_gaps([(240_000 * step, 1.0) for step in range(10) if step not in {4, 5}])
    assert [point[0] for point in coarse if point[1] is None] == [240_000 * 3 + 1]


def test_the_shares_that_raise_a_level_are_lines() -> None:
    lines = named("PERCLOS 60 s (%)", aggregate(drive()))["markLine"]["data"]
    assert [line["yAxis"] for line in lines] == [8.0, 15.0, 30.0]


def test_hovering_a_score_shows_its_words() -> None:
    score = named(EN("score"), aggregate(drive("see you")))
    assert score["data"][0] == {"value": [6500, 0.55], "name": "happy +0.55 · “see you”"}


def test_scores_one_by_one_and_summed_up_have_as_many_series() -> None:
    """A page whose chart gets another number of them begins anew and forgets what was zoomed into."""
    found = aggregate(drive())
    summed = dataclasses.replace(found, score_steps=(ScoreStep(60.0, 0.1, -0.2, 0.4, 9),))
    drawn, drawn_summed = (timeline_chart(each, EN, recording=False)["series"] for each in (found, summed))
    assert [series["name"] for series in drawn] == [series["name"] for series in drawn_summed]
    points, points_summed = named(EN("score"), found), named(EN("score"), summed)
    assert (points["lineStyle"], points_summed["lineStyle"]) == ({"opacity": 1}, {"opacity": 0})


def test_nothing_at_all_can_be_drawn() -> None:
    options = timeline_chart(aggregate([]), EN, recording=True)
    assert all(axis["min"] < axis["max"] for axis in options["xAxis"])


def test_the_affect_line_breaks_between_sessions() -> None:
    times = (10.0, 40.0, 300.0, 4000.0, 4030.0)
    found = aggregate([Affect(t_s, t_s - 4.0, t_s, 0.2, "neutral", "neutral", {"text": 0.2}, 0.9) for t_s in times])
    summed = dataclasses.replace(
        found, utterance_summaries=(), score_steps=tuple(ScoreStep(t_s, 0.2, 0.1, 0.3, 9) for t_s in times)
    )
    for drawn, lines in ((found, 2), (summed, 3)):
        series = [item for item in timeline_chart(drawn, EN, recording=True)["series"] if item["yAxisIndex"] == 0]
        points = [[getattr(point, "get", {"value": point}.get)("value") for point in item["data"]] for item in series]
        known = [[value is not None for _, value in line] for line in points if any(value for _, value in line)]
        assert known == [[True, True, True, False, True, True]] * lines


def test_threshold_lines_stand_where_the_box_has_them() -> None:
    options = timeline_chart(aggregate(drive()), EN, True, (0.05, 0.1, 0.2))
    (lines,) = [item["markLine"]["data"] for item in options["series"] if "markLine" in item]
    assert [line["yAxis"] for line in lines] == [5.0, 10.0, 20.0]
