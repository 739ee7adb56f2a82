"""When the state is worth publishing, and what it says with several people or none in view."""

from __future__ import annotations

from edge.messages import Fatigue, Level, Source
from edge.publish.models import level_name
from edge.publish.payloads import Origin
from edge.publish.state import StateTracker


def tracker() -> StateTracker:
    return StateTracker(Origin("boot", 1_700_000_000.0))


def fatigue(t_s: float, level: Level = Level.NONE, track: int | None = 1, perclos: float | None = 0.02) -> Fatigue:
    return Fatigue(t_s, track, level, perclos, perclos, 0.9)


def test_an_unchanged_state_is_told_once_a_minute() -> None:
    state = tracker()
    told = [second for second in range(130) if state.observe(fatigue(float(second)), "synced")]
    assert told == [0, 60, 120]


def test_a_change_is_told_at_once_with_the_time_since_when() -> None:
    state = tracker()
    state.observe(fatigue(0.0), "synced")
    assert state.observe(fatigue(7.5, Level.CRITICAL), "synced") is not None
    again = state.observe(fatigue(8.0, Level.CRITICAL, perclos=None), "synced")
    assert again is not None
    assert again.since == "2023-11-14T22:13:27.500Z"
    assert again.perclos_60 is None


def test_the_worst_of_the_people_in_view_counts_and_whoever_left_does_not() -> None:
    state = tracker()
    state.observe(fatigue(0.0, Level.WARNING, track=1), "synced")
    assert state.observe(fatigue(0.1, Level.NONE, track=2), "synced") is None
    after = state.observe(fatigue(4.0, Level.NONE, track=2), "synced")
    assert after is not None
    assert (after.level, after.track) == ("none", 2)


def test_without_a_camera_the_level_is_unknown_not_none() -> None:
    state = tracker()
    state.observe(fatigue(0.0, Level.WARNING), "synced")
    lost = state.observe(Source(1.0, "camera", "lost", "unplugged"), "synced")
    assert lost is not None
    assert lost.level is None
    assert lost.troubles == {"camera": "unplugged"}
    back = state.observe(Source(2.0, "camera", "ok"), "synced")
    assert back is not None
    assert back.inputs == {"camera": "ok"}
    assert back.troubles == {}


def test_what_commands_silenced_stands_in_the_state_until_it_is_over() -> None:
    state = tracker()
    state.observe(fatigue(0.0), "synced")
    told = state.ordered(1.0, "synced", {"drowsiness": 31.0}, {"alerts.cooldown_s": 60.0})
    assert told is not None
    assert told.snoozed_until == {"drowsiness": "2023-11-14T22:13:51.000Z"}
    assert told.sensitivity == {"alerts.cooldown_s": 60.0}
    assert state.observe(fatigue(20.0), "synced") is None
    over = state.observe(fatigue(31.0), "synced")
    assert over is not None
    assert over.snoozed_until == {}
    assert over.sensitivity == {"alerts.cooldown_s": 60.0}


def test_levels_have_the_names_of_the_contract() -> None:
    assert [level_name(level) for level in Level] == [level.name.lower() for level in Level]
