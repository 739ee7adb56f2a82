from __future__ import annotations

import pytest
from made_recording import LENGTH_S, drive

from edge.dashboard.data.aggregates import aggregate
from edge.dashboard.data.events import fatigue_steps, incidents, level_spans
from edge.messages import Alert, Face, Fatigue, Level, Reason


def fatigue(t_s: float, level: Level = Level.NONE, track: int | None = 1, perclos: float | None = 0.0) -> Fatigue:
    return Fatigue(t_s, track, level, perclos, perclos, 1.0)


def test_the_drive_comes_to_what_was_put_into_it() -> None:
    found = aggregate(drive())
    assert (found.start_s, found.end_s) == (0.0, LENGTH_S)
    assert (found.people, found.faces) == (1, 120)
    assert found.usable_ratio == pytest.approx(115 / 120)
    assert found.unusable == {"dark": pytest.approx(5 / 120)}
    assert (found.blinks, found.yawns, found.nods, found.utterances) == (30, 1, 1, 4)
    assert found.closures == {"microsleep": 1}
    assert found.emotions == dict.fromkeys(("happy", "relaxed", "tired", "anxious"), 0.25)
    assert found.score_mean == pytest.approx(0.0)
    assert found.perclos_max == pytest.approx(0.119)
    assert [(span.level, span.start_s, span.end_s) for span in found.levels] == [
        (Level.NONE, 0.0, 61.0),
        (Level.CRITICAL, 61.0, 63.0),
        (Level.ADVISORY, 63.0, 90.0),
        (Level.NONE, 90.0, 120.0),
    ]
    assert [(item.source, item.state) for item in found.sources] == [("text", "absent"), ("camera", "lost")]
    assert [item.words for item in found.utterance_summaries] == ["good morning"] * 4


def test_nothing_comes_to_unknown_and_not_to_zero() -> None:
    found = aggregate([])
    assert found.usable_ratio is None
    assert found.perclos_mean is None
    assert found.score_mean is None
    assert found.emotions == {}
    assert found.levels == ()


def test_a_face_that_could_never_be_judged_is_no_open_eye() -> None:
    found = aggregate([Face(float(t_s), None, None, False, Reason.NO_FACE) for t_s in range(10)])
    assert found.usable_ratio == 0.0
    assert found.people == 0
    assert found.unusable == {"no_face": 1.0}


def test_the_gravest_of_two_people_is_drawn_even_for_one_report() -> None:
    reports = [fatigue(0.0, perclos=0.02), fatigue(0.4, Level.CRITICAL, 2, None), fatigue(0.9, perclos=0.01)]
    (step,) = fatigue_steps(reports, 1.0)
    assert (step.level, step.perclos_60) == (Level.CRITICAL, 0.02)


def test_a_gap_in_the_reports_is_no_level() -> None:
    spans = level_spans(fatigue_steps([fatigue(float(t_s)) for t_s in (0, 1, 2, 60, 61)], 1.0), 1.0)
    assert [(span.start_s, span.end_s) for span in spans] == [(0.0, 3.0), (60.0, 62.0)]


def test_a_day_is_drawn_in_few_steps_and_keeps_its_gravest_second() -> None:
    day_s = 86_400
    reports = [fatigue(float(t_s), Level.EMERGENCY if t_s == 50_000 else Level.NONE) for t_s in range(0, day_s, 5)]
    found = aggregate(reports, 0.0, float(day_s))
    assert len(found.steps) <= 601
    assert max(span.level for span in found.levels) is Level.EMERGENCY


def alert(t_s: float, type_: str, level: Level, name: str = "a") -> Alert:
    return Alert(t_s, name, type_, "microsleep", level, 1.0, t_s - 1.0, {"causes": (type_,)})  # type: ignore[arg-type]


def test_one_alert_is_one_incident_with_its_gravest_level_and_last_evidence() -> None:
    told = [
        alert(2.5, "new", Level.CRITICAL),
        alert(3.0, "new", Level.ADVISORY, "b"),
        alert(7.0, "update", Level.EMERGENCY),
        alert(9.0, "end", Level.CRITICAL),
    ]
    first, second = incidents(told)
    assert (first.level, first.start_s, first.end_s, first.duration_s) == (Level.EMERGENCY, 1.0, 9.0, 8.0)
    assert first.evidence == {"causes": ("end",)}
    assert (second.id, second.end_s) == ("b", None)
