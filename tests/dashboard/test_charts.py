from __future__ import annotations

import dataclasses
import json

import pytest
from made_recording import LENGTH_S, drive

from edge.dashboard import charts, dials
from edge.dashboard.digest import ScoreStep
from edge.dashboard.fold import digest
from edge.dashboard.labels import LANGUAGES, Labels, Language
from edge.messages import Affect, Level

EN = Labels("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_options_are_plain_json_in_each_language(language: Language) -> None:
    found, labels = digest(drive()), Labels(language)
    for options in (
        charts.timeline(found, labels, recording=True),
        dials.gauge(0.3, "relaxed", labels),
        dials.emotion_shares(found, labels),
    ):
        assert json.loads(json.dumps(options, allow_nan=False)) == options


def test_the_lanes_share_one_axis_of_time_that_zooms() -> None:
    options = charts.timeline(digest(drive()), EN, recording=True)
    assert len(options["grid"]) == len(options["xAxis"]) == len(options["yAxis"]) == 3
    assert {(axis["min"], axis["max"]) for axis in options["xAxis"]} == {(0, 1000 * LENGTH_S)}
    assert {zoom["type"] for zoom in options["dataZoom"]} == {"inside", "slider"}
    assert all(zoom["xAxisIndex"] == [0, 1, 2] for zoom in options["dataZoom"])
    bottom = max(grid["top"] + grid["height"] for grid in options["grid"])
    slider = options["dataZoom"][1]
    assert bottom < slider["top"]
    assert slider["top"] + slider["height"] <= charts.timeline_height_px(digest(drive()))


def test_where_no_affect_is_on_record_there_is_no_lane_for_it() -> None:
    messages = [message for message in drive() if not isinstance(message, Affect)]
    options = charts.timeline(digest(messages), EN, recording=True)
    assert [axis["name"] for axis in options["yAxis"]] == [EN("perclos_60"), EN("alerts")]


def test_levels_are_bands_and_alerts_are_marks_of_their_colour() -> None:
    *_, perclos, alerts = charts.timeline(digest(drive()), EN, recording=True)["series"]
    bands = {(start["xAxis"], end["xAxis"]): start["itemStyle"]["color"] for start, end in perclos["markArea"]["data"]}
    assert bands[(61_000, 63_000)] == charts.LEVEL_COLOURS[Level.CRITICAL]
    mark = alerts["data"][0]
    assert mark["value"] == [60_000, "microsleep"]
    assert mark["itemStyle"]["color"] == charts.LEVEL_COLOURS[Level.CRITICAL]
    assert "microsleep" in mark["name"]
    assert "2.7 s" in mark["name"]


def test_unknown_perclos_is_a_gap_and_not_zero() -> None:
    *_, perclos, _ = charts.timeline(digest(drive()), EN, recording=True)["series"]
    assert perclos["data"][10] == [10_000, None]


def test_hovering_a_score_shows_its_words() -> None:
    *_, score, _, _ = charts.timeline(digest(drive("see you")), EN, recording=True)["series"]
    assert score["data"][0] == {"value": [6500, 0.55], "name": "happy +0.55 · “see you”"}


def test_scores_one_by_one_and_summed_up_have_as_many_series() -> None:
    """A page whose chart gets another number of them begins anew and forgets what was zoomed into."""
    found = digest(drive())
    summed = dataclasses.replace(found, score_steps=(ScoreStep(60.0, 0.1, -0.2, 0.4, 9),))
    drawn, drawn_summed = (charts.timeline(each, EN, recording=False)["series"] for each in (found, summed))
    assert [series["name"] for series in drawn] == [series["name"] for series in drawn_summed]
    *_, score, _, _ = drawn
    *_, score_summed, _, _ = drawn_summed
    assert (score["lineStyle"], score_summed["lineStyle"]) == ({"opacity": 1}, {"opacity": 0})


def test_nothing_at_all_can_be_drawn() -> None:
    options = charts.timeline(digest([]), EN, recording=True)
    assert all(axis["min"] < axis["max"] for axis in options["xAxis"])
