"""What is told of lost sources and of eyes that cannot be seen, and what does not rise without them."""

from __future__ import annotations

import pytest
from alert_steps import face, fatigue, kinds, tell

from edge.fatigue.attention import CAUSES as LOOKS
from edge.messages import Alert, Attention, Level, Source


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
