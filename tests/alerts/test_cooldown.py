"""After its end a kind rests: for whom, how long, and what never waits."""

from __future__ import annotations

from alert_steps import CONFIG, face, fatigue, kinds, tell

from edge.alerts.engine import AlertEngine
from edge.alerts.suppression import _LONGEST_S, _MOST, Cooldowns
from edge.messages import Face, Message, Reason, Source


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
    assert [(alert.type, alert.t_s) for alert in alerts if alert.alert == "drowsiness"] == [
        ("new", 0),
        ("end", 5),
        ("new", 50),
    ]


def test_what_still_holds_after_the_cooldown_is_told():
    messages = [fatigue(0, "perclos_warning"), fatigue(5), *(fatigue(t_s, "perclos_warning") for t_s in range(6, 60))]
    alerts = tell(*messages)
    assert [(alert.type, alert.t_s) for alert in alerts] == [("new", 0), ("end", 5), ("new", 50)]


def test_a_rest_that_ends_without_eyes_waits_for_them():
    stream = [fatigue(0, "perclos_warning"), fatigue(5), *(fatigue(t_s, "perclos_warning") for t_s in range(6, 49))]
    blind = [m for t_s in range(49, 58) for m in (face(t_s, False), fatigue(t_s, "perclos_warning"))]
    alerts = tell(*stream, *blind, face(60, True), fatigue(60, "perclos_warning"))
    assert [(alert.type, alert.t_s) for alert in alerts if alert.alert == "drowsiness"] == [
        ("new", 0),
        ("end", 5),
        ("new", 60),
    ]


def test_a_tracker_that_gives_a_new_number_in_every_picture_fills_no_memory() -> None:
    engine = AlertEngine(CONFIG, "s")
    for track in range(2_000):
        engine.step(Face(track / 30, track, usable=False, reason=Reason.TURNED_AWAY))
    assert len(engine._unseen) <= 257
    assert len(engine._cooldowns._seen) <= 256


def test_a_cooldown_holds_from_its_end_to_its_last_moment_for_the_same_kind_and_subject() -> None:
    cooldowns = Cooldowns()
    cooldowns.begin(("drowsiness", "1"), 5.0)
    assert cooldowns.holds(("drowsiness", "1"), 5.0, 45.0) and cooldowns.holds(("drowsiness", "1"), 49.9, 45.0)
    assert not cooldowns.holds(("drowsiness", "1"), 50.0, 45.0)
    assert not cooldowns.holds(("distraction", "1"), 5.0, 45.0)
    assert not cooldowns.holds(("drowsiness", "2"), 5.0, 45.0), "a person who was never seen is nobody's return"


def test_a_person_first_seen_in_the_last_frame_of_another_is_another() -> None:
    cooldowns = Cooldowns()
    cooldowns.saw(1, 4.0)
    cooldowns.saw(2, 4.0)
    cooldowns.begin(("drowsiness", "1"), 5.0)
    assert not cooldowns.holds(("drowsiness", "2"), 6.0, 45.0)
    cooldowns.saw(3, 4.1)
    assert cooldowns.holds(("drowsiness", "3"), 6.0, 45.0)


def test_ends_and_people_are_remembered_for_the_longest_cooldown_and_no_longer() -> None:
    cooldowns = Cooldowns()
    cooldowns.saw(1, 0.0)
    cooldowns.begin(("drowsiness", "1"), 0.0)
    cooldowns.saw(2, _LONGEST_S)
    cooldowns.begin(("drowsiness", "2"), _LONGEST_S)
    assert cooldowns.knows("1") and len(cooldowns._ended) == 2
    cooldowns.saw(2, _LONGEST_S + 1)
    cooldowns.begin(("drowsiness", "3"), _LONGEST_S + 1)
    assert not cooldowns.knows("1") and cooldowns.knows("2")
    assert set(cooldowns._ended) == {("drowsiness", "2"), ("drowsiness", "3")}


def test_of_too_many_people_the_ones_not_seen_for_longest_are_forgotten() -> None:
    cooldowns = Cooldowns()
    for track in range(_MOST):
        cooldowns.saw(track, 1.0)
    cooldowns.saw(0, 2.0)
    assert cooldowns.knows("1") and cooldowns.knows("0")
    cooldowns.saw(_MOST, 2.0)
    assert not cooldowns.knows("1") and cooldowns.knows("0") and cooldowns.knows("2")
    assert not cooldowns.holds(("x", "0"), 2.0, 45.0)
