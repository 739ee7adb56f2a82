"""The life of alerts: one id from new to end, cooldown, escalation, pace."""

from __future__ import annotations

from alert_steps import CONFIG, face, fatigue, kinds, tell

from edge.alerts.condition import KIND_OF_CAUSE, KINDS
from edge.alerts.engine import AlertEngine
from edge.fatigue.policy import CAUSES
from edge.messages import Level, Message


def test_every_cause_has_a_kind_and_every_kind_a_meaning():
    assert set(KIND_OF_CAUSE) == set(CAUSES)
    assert set(KIND_OF_CAUSE.values()) < set(KINDS)


def test_a_microsleep_escalates_under_one_id():
    alerts = tell(
        fatigue(11.5, "microsleep", closed_s=1.5, closed_from_s=10.0),
        fatigue(12.0, "microsleep", closed_s=2.0, closed_from_s=10.0),
        fatigue(13.0, "sleep", closed_s=3.0, closed_from_s=10.0),
        fatigue(16.0, "unresponsive", closed_s=6.0, closed_from_s=10.0),
        fatigue(18.0, closed_s=7.7, closed_from_s=10.0),
    )
    assert [alert.type for alert in alerts] == ["new", "update", "update", "end"]
    assert [alert.level for alert in alerts] == [Level.CRITICAL, Level.CRITICAL, Level.EMERGENCY, Level.EMERGENCY]
    assert len({alert.id for alert in alerts}) == 1
    assert {alert.start_s for alert in alerts} == {10.0}
    assert [alert.duration_s for alert in alerts] == [1.5, 3.0, 6.0, 8.0]
    assert alerts[-1].evidence["closed_s"] == 7.7
    assert alerts[-1].evidence["causes"] == ("unresponsive",)
    assert alerts[0].evidence["track"] == 1


def test_ids_are_the_same_in_a_replay_and_differ_between_sessions_tracks_and_starts():
    def first(message: Message, session: str = "s") -> str:
        return tell(message, session=session)[0].id

    one = fatigue(5.0, "microsleep", closed_from_s=3.5)
    assert first(one) == first(one)
    others = [
        first(one, "t"),
        first(fatigue(5.0, "microsleep", closed_from_s=3.5, track=2)),
        first(fatigue(5.0, "microsleep", closed_from_s=3.4)),
        first(fatigue(3.5, "perclos_warning")),
    ]
    assert len({first(one), *others}) == 5


def test_critical_alerts_repeat_every_few_seconds_and_lesser_ones_seldom():
    grave = tell(*(fatigue(t_s, "sleep", closed_s=t_s, closed_from_s=0.0) for t_s in range(3, 60)))
    mild = tell(*(fatigue(t_s, "perclos_warning", seen=t_s) for t_s in range(3, 60)))
    assert [alert.t_s for alert in grave[1:]] == list(range(6, 60, 3))
    assert [alert.t_s for alert in mild] == [3, 48]


def test_a_level_that_falls_is_told_too():
    alerts = tell(fatigue(0, "perclos_critical"), fatigue(1, "perclos_warning"))
    assert [(alert.type, alert.level) for alert in alerts] == [("new", Level.CRITICAL), ("update", Level.WARNING)]


def test_people_have_their_own_alerts():
    alerts = tell(fatigue(2, "microsleep", track=1), fatigue(2.1, "microsleep", track=2), fatigue(3, track=1))
    assert [(alert.type, alert.evidence["track"]) for alert in alerts] == [("new", 1), ("new", 2), ("end", 1)]


def test_an_alert_of_which_nothing_is_heard_any_more_ends():
    alerts = tell(fatigue(2, "perclos_warning"), fatigue(11, track=2), fatigue(13, track=2))
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 2), ("end", 13)]


def test_a_condition_that_outlives_its_alert_makes_another_with_another_id():
    """Pictures stop for longer than a condition is believed, and the closure has still begun when it began."""
    engine = AlertEngine(CONFIG, "s")
    steps = [fatigue(t_s, "microsleep", closed_from_s=8.0) for t_s in (10.0, 11.0, 60.0, 61.0)]
    alerts = [alert for step in steps for alert in [*engine.step(face(step.t_s, usable=True)), *engine.step(step)]]
    begun = [alert for alert in alerts if alert.type == "new"]
    assert [alert.start_s for alert in begun] == [8.0, 60.0]
    assert len({alert.id for alert in begun}) == 2


def test_a_head_that_fell_with_shut_lids_is_told_though_its_eyes_are_hidden():
    asleep = fatigue(10.0, "microsleep", closed_from_s=8.0)
    fallen = fatigue(10.0, "microsleep", closed_from_s=8.0, fallen_s=0.9)
    assert tell(face(10.0, usable=False), asleep) == []
    assert kinds(tell(face(10.0, usable=False), fallen)) == [("new", "microsleep")]
