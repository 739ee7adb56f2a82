from __future__ import annotations

import json

import pytest

from edge.affect.fusion import EMOTIONS, POLARITIES
from edge.alerts.condition import KINDS
from edge.dashboard.charts.frequencies import (
    FREQUENCY_KINDS,
    FREQUENCY_VIEWS,
    FrequencyKind,
    frequency_chart,
    frequency_parts,
    frequency_rows,
)
from edge.dashboard.data.trends import Hour
from edge.i18n.texts import LANGUAGES, Labels, Language
from edge.messages import Level

EN = Labels("en")
MORNING = Hour(
    {"happy": 30.0, "tired": 10.0}, {"positive": 40.0}, {"none": 3000.0, "unknown": 600.0}, {"distress": 2.0}
)
NOON = Hour({"happy": 30.0, "angry": 30.0})


def test_everything_that_may_be_counted_has_a_colour() -> None:
    assert set(FREQUENCY_VIEWS["emotions"].colours) == {word.en for word in EMOTIONS}
    assert set(FREQUENCY_VIEWS["polarities"].colours) == {word.en for word in POLARITIES}
    assert set(FREQUENCY_VIEWS["levels"].colours) == {"unknown", *(level.name.lower() for level in Level)}
    assert set(FREQUENCY_VIEWS["alerts"].colours) == set(KINDS)
    for subject in FREQUENCY_KINDS:
        assert len(set(FREQUENCY_VIEWS[subject].colours.values())) == len(FREQUENCY_VIEWS[subject].colours)


def test_shares_are_of_the_judged_time_and_add_up() -> None:
    total = frequency_parts([MORNING, NOON], "emotions")
    assert total == {"happy": 60.0, "tired": 10.0, "angry": 30.0}
    options = frequency_chart({"mon": total, "tue": {}}, "emotions", EN)
    shown = {series["name"]: series["data"] for series in options["series"]}
    assert shown == {"angry": [30.0, None], "tired": [10.0, None], "happy": [60.0, None]}
    assert list(shown) == ["angry", "tired", "happy"], "in the order of the scale"


def test_alerts_are_counted_and_a_day_without_is_zero() -> None:
    options = frequency_chart({"mon": frequency_parts([MORNING], "alerts"), "tue": {}}, "alerts", EN)
    assert [series["data"] for series in options["series"]] == [[2.0, 0.0]]


def test_the_table_says_what_the_chart_shows() -> None:
    head, lines = frequency_rows({"mon": MORNING.levels, "tue": {}}, "levels", EN)
    assert head == ["", "normal", "unknown", "judged"]
    assert lines == [["mon", "83 %", "17 %", "1:00:00"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("subject", FREQUENCY_KINDS)
def test_options_are_json_even_of_nothing(subject: FrequencyKind, language: Language) -> None:
    for columns in ({}, {"mon": {}}, {"mon": frequency_parts([MORNING], subject)}):
        assert json.loads(json.dumps(frequency_chart(columns, subject, Labels(language)), allow_nan=False))
