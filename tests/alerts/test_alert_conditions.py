"""What an alert says about its condition: kind, subject, start, level and evidence."""

from __future__ import annotations

from alert_steps import CONFIG, face, fatigue, kinds, tell

from edge.alerts.condition import of_anomaly, of_attention, of_fatigue, of_lost
from edge.alerts.engine import AlertEngine
from edge.messages import Anomaly, Attention, Level, Source
from edge.status import ComponentStatus


def test_fatigue_makes_a_condition_of_each_kind_with_its_own_causes_and_start() -> None:
    message = fatigue(12.0, "perclos_warning", "sleep", track=3, closed_from_s=8.0, closed_s=4.0)
    found = {condition.kind: condition for condition in of_fatigue(message)}
    drowsy, asleep = found["drowsiness"], found["microsleep"]
    assert (drowsy.level, drowsy.causes, drowsy.since_s) == (Level.WARNING, ("perclos_warning",), 12.0)
    assert (asleep.level, asleep.causes, asleep.since_s) == (Level.CRITICAL, ("sleep",), 8.0)
    measures = {"track": 3, "perclos_60": 0.1, "perclos_180": 0.1, "valid_ratio": 1.0}
    assert drowsy.evidence == {**measures, "closed_from_s": 8.0, "closed_s": 4.0}
    assert drowsy.key == ("drowsiness", "3") and not drowsy.unseen and not asleep.unseen


def test_only_a_closure_under_a_fallen_head_may_rise_unseen() -> None:
    found = of_fatigue(fatigue(12.0, "perclos_warning", "sleep", fallen_s=0.5))
    assert {condition.kind: condition.unseen for condition in found} == {"drowsiness": False, "microsleep": True}


def test_a_look_away_begins_when_it_began_and_rises_only_while_it_is_away() -> None:
    angles = {"yaw_deg": 40.0, "pitch_deg": 5.0, "gaze_yaw_deg": 30.0, "gaze_pitch_deg": 2.0}
    message = Attention(9.0, 2, Level.ADVISORY, ("glance",), True, 3.0, 7.0, **angles)
    found = of_attention(message)
    assert (found.kind, found.subject, found.since_s, found.rising) == ("distraction", "2", 6.0, True)
    assert found.evidence == {"track": 2, "away_s": 3.0, "away_30_s": 7.0, **angles, **message.evidence}
    assert not of_attention(Attention(9.0, 2, Level.ADVISORY, ("glance",), False, 3.0)).rising


def test_an_anomaly_is_about_a_person_or_the_room() -> None:
    def anomaly(track: int | None) -> Anomaly:
        return Anomaly(20.0, "agitation", track, Level.WARNING, 15.0, ("movement",), {"share": 2.0})

    room, person = of_anomaly(anomaly(None)), of_anomaly(anomaly(4))
    assert (room.subject, room.since_s, room.level, room.evidence) == ("room", 15.0, Level.WARNING, {"share": 2.0})
    assert (person.subject, person.evidence) == ("4", {"track": 4, "share": 2.0})
    (alert,) = tell(anomaly(None))
    assert (alert.alert, alert.type, alert.start_s, alert.duration_s) == ("agitation", "new", 15.0, 5.0)


def test_a_lost_component_is_an_advisory_since_it_was_lost() -> None:
    found = of_lost("camera", ComponentStatus("lost", 3.0, "no frame"))
    assert (found.kind, found.subject, found.level, found.since_s) == ("source_lost", "camera", Level.ADVISORY, 3.0)
    assert found.evidence == {"source": "camera", "detail": "no frame"}


def test_a_microphone_that_is_lost_ends_nothing_that_the_camera_sees() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.step(fatigue(2, "sleep"))
    assert kinds(engine.step(Source(3, "microphone", "lost"))) == [("new", "source_lost")]
    assert kinds(engine.step(Source(4, "camera", "absent"))) == []


def test_a_snooze_is_noted_by_the_open_alerts_of_its_kind_alone() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.step(fatigue(5, "perclos_warning", "microsleep"))
    engine.step(fatigue(5, "perclos_warning", track=2))
    noted = engine.snooze("drowsiness", 60.0)
    assert [(alert.alert, alert.t_s, alert.evidence["track"]) for alert in noted] == [
        ("drowsiness", 5, 1), ("drowsiness", 5, 2),
    ]  # fmt: skip
    assert engine.snoozed_s == {"drowsiness": 60.0}


def test_time_that_passes_without_a_message_moves_what_a_snooze_may_reach_and_never_back() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.passed(1000.0)
    engine.passed(10.0)
    engine.snooze("drowsiness", 1000.0 + CONFIG.most_snooze_s)
    assert engine.snoozed_s == {"drowsiness": 1000.0 + CONFIG.most_snooze_s}


def test_what_is_open_at_the_end_of_a_run_ends_then() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.step(fatigue(5, "perclos_warning", track=1))
    engine.step(fatigue(5, "microsleep", track=2))
    ended = engine.finish(9.0)
    assert [(alert.type, alert.t_s, alert.duration_s) for alert in ended] == [("end", 9.0, 4.0)] * 2
    assert engine.finish(10.0) == []


def test_eyes_of_one_person_that_are_hidden_hold_back_no_other() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.step(face(1, usable=False))
    assert kinds(engine.step(fatigue(1, "microsleep", track=2))) == [("new", "microsleep")]
    assert kinds(engine.step(fatigue(1, "microsleep", track=1))) == []
    assert kinds(engine.step(face(2, usable=True))) == [("new", "microsleep")]


def test_starts_of_people_who_left_long_ago_are_forgotten_and_those_of_sources_are_kept() -> None:
    engine = AlertEngine(CONFIG, "s")
    engine.step(Source(1, "microphone", "lost"))
    engine.step(Source(2, "microphone", "ok"))
    for track in range(3, 300):
        engine.step(fatigue(track * 40.0, "microsleep", track=track))
    assert ("source_lost", "microphone") in engine._started_s
    assert len(engine._started_s) < 10
