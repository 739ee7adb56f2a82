"""What keeps alerts quiet: a bus that stands, a snooze, an acknowledgement; and what none of them can silence."""

from __future__ import annotations

import pytest
from alert_steps import CONFIG, face, fatigue, kinds

from edge.alerts.engine import AlertEngine
from edge.alerts.suppression import AlertCommandError, Arming
from edge.config.decision import ArmingConfig
from edge.messages import Level, Source, Speed


def test_a_disarmed_box_holds_back_what_is_about_driving_and_nothing_else():
    arming = Arming(ArmingConfig(source="gpsd"))
    engine = AlertEngine(CONFIG, "s", arming)
    assert kinds(engine.step(fatigue(1, "sleep"))) == [("new", "microsleep")]
    arming.speed(Speed(2, 0.0))
    assert kinds(engine.step(fatigue(2, "sleep"))) == [("end", "microsleep")]
    assert kinds(engine.step(Source(3, "microphone", "lost"))) == [("new", "source_lost")]
    assert [a for index in range(200) for a in engine.step(face(4 + index / 10, False))] == []
    arming.speed(Speed(25, 31.0))
    engine.step(face(25, True))
    assert kinds(engine.step(fatigue(25, "unresponsive"))) == [("new", "microsleep")]


def test_a_snooze_silences_below_critical_and_leaves_its_trace():
    engine = AlertEngine(CONFIG, "s")
    engine.step(fatigue(0, "perclos_advisory"))
    (noted,) = engine.snooze("drowsiness", 300.0)
    assert (noted.type, noted.evidence["snoozed_until_s"]) == ("update", 300.0)
    told = [a for t_s in range(1, 200) for a in engine.step(fatigue(t_s, "perclos_warning", closed_s=t_s))]
    assert told == []
    (critical,) = engine.step(fatigue(200, "perclos_critical"))
    assert (critical.level, critical.evidence["snoozed_until_s"]) == (Level.CRITICAL, 300.0)
    assert kinds(engine.step(fatigue(201))) == [("end", "drowsiness")]
    assert [a for t_s in range(260, 300) for a in engine.step(fatigue(t_s, "perclos_warning"))] == []
    (after,) = engine.step(fatigue(300, "perclos_warning"))
    assert (after.type, after.evidence["snoozed_until_s"]) == ("new", 300.0)


@pytest.mark.parametrize(
    ("kind", "until_s", "says"),
    [
        ("microsleep", 60.0, "cannot be snoozed"),
        ("drowsyness", 60.0, "no kind of alert"),
        ("drowsiness", 10_000.0, "at most 600 s"),
        ("drowsiness", 0.0, "more than 0"),
    ],
)
def test_what_cannot_be_snoozed(kind: str, until_s: float, says: str):
    with pytest.raises(AlertCommandError, match=says):
        AlertEngine(CONFIG, "s").snooze(kind, until_s)


def test_an_acknowledged_alert_is_quiet_until_it_rises():
    engine = AlertEngine(CONFIG, "s")
    (new,) = engine.step(fatigue(0, "microsleep", closed_s=1.5))
    (noted,) = engine.acknowledge(new.id)
    assert noted.evidence["acknowledged_s"] == 0
    assert [a for t_s in range(1, 30) for a in engine.step(fatigue(t_s, "sleep", closed_s=t_s))] == []
    (risen,) = engine.step(fatigue(30, "unresponsive", closed_s=30))
    assert (risen.type, risen.level) == ("update", Level.EMERGENCY)
    assert risen.evidence["acknowledged_s"] == 0
    assert kinds(engine.step(fatigue(33, "unresponsive", closed_s=33))) == [("update", "microsleep")]
    assert kinds(engine.step(fatigue(34))) == [("end", "microsleep")]
    with pytest.raises(AlertCommandError, match="no open alert"):
        engine.acknowledge(new.id)
