"""What is told of lost sources and of eyes that cannot be seen, and what does not rise without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_steps import CONFIG, face, fatigue, kinds, tell

from edge.alerts.condition import SEEN_AGAIN_S, SILENCE_S, Condition, DriverVisibility
from edge.alerts.engine import AlertEngine
from edge.alerts.suppression import Arming
from edge.config.decision import AlertsConfig, ArmingConfig
from edge.fatigue.attention import CAUSES as LOOKS
from edge.messages import Alert, Attention, Face, Level, Reason, Source, Speed


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


def look(*stretches: tuple[float, bool], fps: float = 10.0) -> list[Alert]:
    """Stretches of seconds with or without usable eyes."""
    faces, index = [], 0
    for length_s, usable in stretches:
        for _ in range(round(length_s * fps)):
            faces.append(face(index / fps, usable))
            index += 1
    return tell(*faces)


@pytest.mark.parametrize(("fps", "told"), [(3.0, []), (2.0, [("new", "cannot_see_driver")])])
def test_eyes_in_too_few_pictures_are_eyes_that_cannot_be_seen(fps, told):
    """Between two pictures half a second apart a driver may sleep and nobody knows."""
    assert kinds(look((30, True), fps=fps)) == told


def test_ten_seconds_without_eyes_are_told_and_twenty_with_them_end_it():
    alerts = look((5, True), (18, False), (40, True))
    assert kinds(alerts) == [("new", "cannot_see_driver"), ("end", "cannot_see_driver")]
    assert alerts[0].level is Level.ADVISORY
    assert alerts[0].start_s == pytest.approx(5, abs=0.11)
    assert alerts[0].t_s == pytest.approx(15, abs=0.11)
    assert alerts[1].t_s == pytest.approx(43, abs=0.21)


@pytest.mark.parametrize("every_s", [8.0, 4.0, 2.0])
def test_a_good_frame_now_and_then_hides_no_blindness(every_s: float):
    alerts = look((20, True), *((every_s - 0.1, False), (0.1, True)) * 12)
    assert alerts[0].t_s == pytest.approx(30, abs=0.2)


def test_half_a_second_of_sight_in_five_delays_what_is_told_but_does_not_hide_it():
    alerts = look((20, True), *((4.5, False), (0.5, True)) * 12)
    assert 33 < alerts[0].t_s < 43


def test_a_third_of_the_frames_is_enough_to_see_by():
    assert look((20, True), *((0.6, False), (0.3, True)) * 60) == []


def moving(kmh: float | None, *stretches: tuple[float, Face]) -> list[tuple[str, Level, float, tuple[str, ...]]]:
    """What is told where a speed is known (None: none is), of stretches of seconds of the same face."""
    arming = Arming(ArmingConfig())
    if kmh is not None:
        arming.speed(Speed(0, kmh))
    engine, t_s, told = AlertEngine(CONFIG, "s", arming), 0.0, []
    for length_s, seen in stretches:
        until_s = t_s + length_s
        while t_s < until_s - 0.05:
            told += [(a.type, a.level, round(t_s), a.evidence["causes"]) for a in engine.step(replace(seen, t_s=t_s))]
            t_s += 0.1
    return told


NOBODY = Face(0)
GLASSES = Face(0, 1, reason=Reason.EYES_HIDDEN, yaw_deg=0.0, pitch_deg=0.0)


def test_nobody_in_the_seat_rises_to_critical_where_a_speed_says_that_the_bus_drives():
    new, warning = ("new", Level.ADVISORY, 10, ("no_face",)), ("update", Level.WARNING, 24, ("no_face",))
    assert moving(60, (40, NOBODY)) == [new, warning, ("update", Level.CRITICAL, 30, ("no_face",))]
    assert moving(None, (40, NOBODY)) == [new, warning]
    assert moving(0, (40, NOBODY)) == []


def test_dark_glasses_stay_an_advisory_with_their_cause_while_the_head_is_seen():
    assert moving(60, (90, GLASSES)) == [("new", Level.ADVISORY, 10, ("eyes_hidden",))]


def test_what_hid_the_eyes_for_longest_is_the_cause():
    dark = Face(0, 1, reason=Reason.DARK)
    assert moving(None, (3, GLASSES), (8, dark))[0][3] == ("dark",)


def test_shorter_losses_and_glimpses_change_nothing():
    assert look((5, True), (9.8, False), (3, True), (9.8, False), (3, True)) == []
    assert kinds(look((12, False), (5, True), (3, False), (15, True), (3, False))) == [("new", "cannot_see_driver")]


def test_a_camera_that_gave_no_frames_is_not_blamed_on_the_driver():
    assert tell(face(0, True), face(100, False), face(101, False)) == []


def glance(t_s: float, away_s: float, *causes: str, away: bool = True) -> Attention:
    level = max((LOOKS[cause] for cause in causes), default=Level.NONE)
    return Attention(t_s, 1, level, causes, away, away_s)


def test_a_glance_escalates_without_eyes_but_only_in_frames_that_are_away():
    alerts = tell(
        face(3, False), glance(3, 3.0, "glance"),
        face(5, True), glance(5, 5.0, "long_glance", away=False),
        face(7, False), glance(7, 7.0, "long_glance"), glance(9, 0.0),
    )  # fmt: skip
    assert [(a.type, a.level, a.t_s) for a in alerts] == [
        ("new", Level.ADVISORY, 3),
        ("update", Level.WARNING, 7),
        ("end", Level.WARNING, 9),
    ]
    assert {(a.alert, a.start_s) for a in alerts} == {("distraction", 0.0)}


def test_nothing_begins_in_the_frame_that_looks_back():
    assert tell(glance(3, 3.0, "glance", away=False), glance(5, 0.0)) == []


def test_the_next_look_is_told_without_a_rest():
    looks = [glance(t_s, 3.0, "glance") if t_s % 10 < 3 else glance(t_s, 0.0) for t_s in range(40)]
    assert [(a.type, a.t_s) for a in tell(*looks)] == [
        (type_, t_s + after_s) for t_s in range(0, 40, 10) for type_, after_s in (("new", 0), ("end", 3))
    ]


def watched(*frames: tuple[float, Face], driving: bool = False, after_s: float = 0.0) -> list[Condition]:
    visibility = DriverVisibility(CONFIG)
    return [visibility.step(replace(seen, t_s=after_s + t_s), True, driving) for t_s, seen in frames]


def steady(seen: Face, from_s: int, until_s: int) -> list[tuple[float, Face]]:
    return [(float(t_s), seen) for t_s in range(from_s, until_s + 1)]


@pytest.mark.parametrize("after_s", [0.0, 5000.0])
def test_without_eyes_the_level_follows_how_long_no_head_was_seen(after_s: float) -> None:
    config, told = AlertsConfig(), watched(*steady(NOBODY, 0, 40), driving=True, after_s=after_s)
    levels = [condition.level for condition in told]
    assert levels.index(Level.ADVISORY) == config.blind_s
    assert levels.index(Level.WARNING) == config.unseen_warning_s
    assert levels.index(Level.CRITICAL) == config.unseen_critical_s
    assert {condition.since_s for condition in told[int(config.blind_s) :]} == {after_s}
    assert {condition.evidence["head_only"] for condition in told[int(config.blind_s) :]} == {False}


@pytest.mark.parametrize("after_s", [0.0, 5000.0])
def test_a_head_counts_as_seen_until_it_is_gone_for_as_long_as_eyes_may_be(after_s: float) -> None:
    gone = watched(*steady(GLASSES, 0, 12), *steady(NOBODY, 13, 30), after_s=after_s)
    assert [condition.evidence["head_only"] for condition in gone[12:24]] == [True] * 10 + [False] * 2
    assert gone[12].causes == ("eyes_hidden",) and gone[30].causes == ("no_face",)


def test_several_faces_in_one_frame_pass_no_time_and_a_clock_that_goes_back_begins_anew() -> None:
    twice = [frame for frame in steady(GLASSES, 0, 10) for _ in range(2)]
    assert watched(*twice)[-1].level is Level.ADVISORY
    back = watched(*steady(GLASSES, 100, 109), *steady(GLASSES, 50, 59))
    assert {condition.level for condition in back} == {Level.NONE}


@pytest.mark.parametrize(("pause_s", "level"), [(SILENCE_S, Level.ADVISORY), (SILENCE_S + 0.1, Level.NONE)])
def test_a_pause_of_the_camera_counts_up_to_five_seconds(pause_s: float, level: Level) -> None:
    assert watched(*steady(GLASSES, 0, 6), (6 + pause_s, GLASSES))[-1].level is level


def test_what_was_not_seen_before_a_stop_does_not_count_after_it() -> None:
    visibility = DriverVisibility(CONFIG)
    levels = [visibility.step(replace(GLASSES, t_s=float(t_s)), t_s != 9, False).level for t_s in range(19)]
    assert set(levels) == {Level.NONE}
    assert visibility.step(replace(GLASSES, t_s=19.0), True, False).level is Level.ADVISORY


def test_it_ends_after_twenty_seconds_more_with_eyes_than_without() -> None:
    eyes = Face(0, 1, usable=True, reason=None, eye_opening=0.3)
    frames = [(index / 10, GLASSES) for index in range(101)]
    frames += [(index / 10, eyes) for index in range(101, 102 + int(SEEN_AGAIN_S * 10))]
    told = watched(*frames)
    ended = next(index / 10 for index in range(101, len(told)) if told[index].level is Level.NONE)
    assert ended == pytest.approx(10.1 + SEEN_AGAIN_S, abs=0.11)


def test_another_configuration_counts_from_now_on() -> None:
    visibility = DriverVisibility(CONFIG)
    visibility.retune(AlertsConfig(blind_s=CONFIG.blind_s - 3))
    levels = [visibility.step(replace(GLASSES, t_s=float(t_s)), True, False).level for t_s in range(17)]
    assert levels.index(Level.ADVISORY) == CONFIG.blind_s - 3


def test_reasons_of_a_blindness_that_was_paid_back_are_forgotten() -> None:
    eyes, dark = Face(0, 1, usable=True, reason=None, eye_opening=0.3), Face(0, 1, reason=Reason.DARK)
    frames = [*((i / 10, dark) for i in range(90)), *((9 + i / 10, eyes) for i in range(60))]
    told = watched(*frames, *((15 + i / 10, GLASSES) for i in range(120)))
    assert told[-1].causes == ("eyes_hidden",)
