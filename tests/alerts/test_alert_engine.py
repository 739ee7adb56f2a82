"""The life of alerts: one id from new to end, cooldown, escalation, pace."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.arming import Arming
from edge.alerts.engine import AlertEngine, AlertOrderError
from edge.alerts.kinds import KIND_OF_CAUSE, KINDS
from edge.config.understanding import AlertsConfig, ArmingConfig
from edge.fatigue.attention import CAUSES as LOOKS
from edge.fatigue.policy import CAUSES
from edge.messages import Alert, Attention, Face, Fatigue, Level, Message, Reason, Source, Speed

CONFIG = AlertsConfig()


def fatigue(t_s: float, *causes: str, track: int = 1, **evidence: float) -> Fatigue:
    level = max((CAUSES[cause] for cause in causes), default=Level.NONE)
    return Fatigue(t_s, track, level, 0.1, 0.1, 1.0, causes, evidence)


def tell(*messages: Message, session: str = "s", config: AlertsConfig = CONFIG) -> list[Alert]:
    engine = AlertEngine(config, session)
    return [alert for message in messages for alert in engine.step(message)]


def kinds(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.type, alert.alert) for alert in alerts]


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


def test_cooldown_holds_back_advisory_and_warning_but_never_critical():
    on, off = fatigue(0, "perclos_warning"), fatigue(5)
    assert kinds(tell(on, off, fatigue(20, "perclos_warning"))) == [("new", "drowsiness"), ("end", "drowsiness")]
    grave = tell(on, off, fatigue(20, "perclos_warning"), fatigue(21, "perclos_critical"))
    assert kinds(grave)[-1] == ("new", "drowsiness")
    assert kinds(tell(on, off, fatigue(20, "microsleep")))[-1] == ("new", "microsleep")


def test_a_second_source_that_is_lost_does_not_wait_for_the_rest_of_the_first():
    camera = [Source(0, "camera", "lost"), Source(5, "camera", "ok")]
    alerts = tell(*camera, Source(6, "microphone", "lost"), Source(7, "camera", "lost"))
    assert [(alert.type, alert.evidence["source"], alert.t_s) for alert in alerts] == [
        ("new", "camera", 0), ("end", "camera", 5), ("new", "microphone", 6),
    ]  # fmt: skip


def drowsy(t_s: float, track: int, *others: int) -> list[Message]:
    faces = [Face(t_s, one, usable=True, reason=None, eye_opening=0.3) for one in (track, *others)]
    return [*faces, fatigue(t_s, "perclos_warning", track=track)]


def test_a_second_person_in_the_picture_does_not_wait_for_the_rest_of_the_first():
    alerts = tell(*drowsy(0, 1, 2), fatigue(5, track=1), *drowsy(6, 2, 1))
    assert [(alert.type, alert.evidence["track"]) for alert in alerts] == [("new", 1), ("end", 1), ("new", 2)]


def test_a_person_who_comes_back_under_a_new_number_still_rests():
    back = [message for t_s in range(6, 60) for message in drowsy(t_s, 2)]
    alerts = tell(*drowsy(0, 1), fatigue(5, track=1), *back)
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 0), ("end", 5), ("new", 50)]


def test_what_still_holds_after_the_cooldown_is_told():
    messages = [fatigue(0, "perclos_warning"), fatigue(5), *(fatigue(t_s, "perclos_warning") for t_s in range(6, 60))]
    alerts = tell(*messages)
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 0), ("end", 5), ("new", 50)]


def test_a_level_that_falls_is_told_too():
    alerts = tell(fatigue(0, "perclos_critical"), fatigue(1, "perclos_warning"))
    assert [(alert.type, alert.level) for alert in alerts] == [("new", Level.CRITICAL), ("update", Level.WARNING)]


def test_people_have_their_own_alerts():
    alerts = tell(fatigue(2, "microsleep", track=1), fatigue(2.1, "microsleep", track=2), fatigue(3, track=1))
    assert [(alert.type, alert.evidence["track"]) for alert in alerts] == [("new", 1), ("new", 2), ("end", 1)]


def test_an_alert_of_which_nothing_is_heard_any_more_ends():
    alerts = tell(fatigue(2, "perclos_warning"), fatigue(11, track=2), fatigue(13, track=2))
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 2), ("end", 13)]


def test_a_lost_source_is_told_until_it_is_back():
    alerts = tell(Source(3, "camera", "lost", "no frame for 5 s"), fatigue(60), Source(70, "camera", "ok"))
    assert kinds(alerts) == [("new", "source_lost"), ("end", "source_lost")]
    assert alerts[0].evidence["detail"] == "no frame for 5 s"
    assert alerts[0].evidence["source"] == "camera"
    assert tell(Source(0, "microphone", "absent")) == []


def test_with_the_camera_ends_what_it_saw():
    alerts = tell(fatigue(2, "sleep"), Source(3, "microphone", "lost"), Source(4, "camera", "lost"))
    assert [(alert.type, alert.alert, alert.t_s) for alert in alerts] == [
        ("new", "microsleep", 2),
        ("new", "source_lost", 3),
        ("end", "microsleep", 4),
        ("new", "source_lost", 4),
    ]


def face(t_s: float, usable: bool) -> Face:
    reason = None if usable else Reason.EYES_HIDDEN
    return Face(t_s, 1, usable=usable, reason=reason, eye_opening=0.3)


def look(*stretches: tuple[float, bool], fps: float = 10.0) -> list[Alert]:
    """Stretches of seconds with or without usable eyes."""
    faces, index = [], 0
    for length_s, usable in stretches:
        for _ in range(round(length_s * fps)):
            faces.append(face(index / fps, usable))
            index += 1
    return tell(*faces)


def test_ten_seconds_without_eyes_are_told_and_twenty_with_them_end_it():
    alerts = look((5, True), (30, False), (40, True))
    assert kinds(alerts) == [("new", "cannot_see_driver"), ("end", "cannot_see_driver")]
    assert alerts[0].level is Level.ADVISORY
    assert alerts[0].start_s == pytest.approx(5, abs=0.11)
    assert alerts[0].t_s == pytest.approx(15, abs=0.11)
    assert alerts[1].t_s == pytest.approx(55, abs=0.21)


def test_shorter_losses_and_glimpses_change_nothing():
    assert look((5, True), (9.8, False), (3, True), (9.8, False), (3, True)) == []
    assert kinds(look((12, False), (5, True), (3, False), (15, True), (3, False))) == [("new", "cannot_see_driver")]


def test_a_camera_that_gave_no_frames_is_not_blamed_on_the_driver():
    assert tell(face(0, True), face(100, False), face(101, False)) == []


causes = st.lists(st.sampled_from(list(CAUSES)), unique=True, max_size=3).map(tuple)
messages = st.lists(
    st.tuples(
        st.floats(0.02, 30),
        st.one_of(
            st.tuples(st.just("fatigue"), causes, st.sampled_from([1, 2, None])),
            st.tuples(st.just("face"), st.booleans()),
            st.tuples(st.just("source"), st.sampled_from(["lost", "ok", "absent"]), st.sampled_from(["a", "b"])),
        ),
    ),
    max_size=80,
)


def build(steps) -> list[Message]:
    t_s, built = 0.0, []
    for step_s, (kind, *what) in steps:
        t_s += step_s
        if kind == "fatigue":
            built.append(fatigue(t_s, *what[0], track=what[1], at=t_s))
        elif kind == "face":
            built.append(face(t_s, what[0]))
        else:
            built.append(Source(t_s, what[1], what[0]))
    return built


@settings(max_examples=100, deadline=None)
@given(messages)
def test_every_new_has_one_end_with_its_id(steps):
    stream = build(steps)
    engine = AlertEngine(CONFIG, "s")
    alerts = [alert for message in stream for alert in engine.step(message)]
    alerts += engine.finish(stream[-1].t_s if stream else 0.0)
    lives: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        lives[alert.id].append(alert)
    for life in lives.values():
        assert [alert.type for alert in life] == ["new", *["update"] * (len(life) - 2), "end"]
        assert len({(alert.alert, alert.start_s) for alert in life}) == 1
        assert all(alert.level > Level.NONE for alert in life)
        assert all(alert.duration_s == pytest.approx(alert.t_s - alert.start_s) for alert in life)
        assert [alert.t_s for alert in life] == sorted(alert.t_s for alert in life)
    times = [alert.t_s for alert in alerts]
    assert times == sorted(times)
    assert engine.finish(1e6) == []


@settings(max_examples=60, deadline=None)
@given(messages)
def test_critical_conditions_are_always_told_at_once(steps):
    engine, eyes = AlertEngine(CONFIG, "s"), True
    for message in build(steps):
        began = [alert for alert in engine.step(message) if alert.type == "new"]
        eyes = message.usable if isinstance(message, Face) else eyes
        assert eyes or not any(KINDS[alert.alert].from_eyes and alert.evidence["track"] == 1 for alert in began)
        if isinstance(message, Fatigue) and (eyes or message.track != 1):
            critical = {KIND_OF_CAUSE[cause] for cause in message.causes if CAUSES[cause] >= Level.CRITICAL}
            assert all((kind, str(message.track)) in engine._open for kind in critical)


def test_a_rest_that_ends_without_eyes_waits_for_them():
    stream = [fatigue(0, "perclos_warning"), fatigue(5), *(fatigue(t_s, "perclos_warning") for t_s in range(6, 49))]
    blind = [m for t_s in range(49, 58) for m in (face(t_s, False), fatigue(t_s, "perclos_warning"))]
    alerts = tell(*stream, *blind, face(60, True), fatigue(60, "perclos_warning"))
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 0), ("end", 5), ("new", 60)]


def glance(t_s: float, away_s: float, *causes: str) -> Attention:
    level = max((LOOKS[cause] for cause in causes), default=Level.NONE)
    return Attention(t_s, 1, level, causes, away_s)


def test_a_glance_escalates_only_in_frames_with_eyes():
    alerts = tell(
        face(3, True), glance(3, 3.0, "glance"),
        face(5, False), glance(5, 5.0, "long_glance"), glance(6, 6.0, "long_glance"),
        face(7, True), glance(7, 7.0, "long_glance"), glance(9, 0.0),
    )  # fmt: skip
    assert [(a.type, a.level, a.t_s) for a in alerts] == [
        ("new", Level.ADVISORY, 3),
        ("update", Level.WARNING, 7),
        ("end", Level.WARNING, 9),
    ]
    assert {(a.alert, a.start_s) for a in alerts} == {("distraction", 0.0)}


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
    with pytest.raises(AlertOrderError, match=says):
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
    with pytest.raises(AlertOrderError, match="no open alert"):
        engine.acknowledge(new.id)
