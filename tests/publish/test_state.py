"""When the state is worth publishing, and what it says with several people or none in view."""

from __future__ import annotations

from edge.messages import Fatigue, Level, Source
from edge.publish.payloads import Origin
from edge.publish.state import StateTracker


def tracker() -> StateTracker:
    return StateTracker(Origin("boot", 1_700_000_000.0))


def fatigue(t_s: float, level: Level = Level.NONE, track: int | None = 1, perclos: float | None = 0.02) -> Fatigue:
    return Fatigue(t_s, track, level, perclos, perclos, 0.9)


def test_an_unchanged_state_is_told_once_a_minute() -> None:
    state = tracker()
    told = [second for second in range(130) if state.observe(fatigue(float(second)))]
    assert told == [0, 60, 120]


def test_a_change_is_told_at_once_with_the_time_since_when() -> None:
    state = tracker()
    state.observe(fatigue(0.0))
    assert state.observe(fatigue(7.5, Level.CRITICAL)) is not None
    again = state.observe(fatigue(8.0, Level.CRITICAL, perclos=None))
    assert again is not None
    assert again["since"] == "2023-11-14T22:13:27.500Z"
    assert again["perclos_60"] is None


def test_the_worst_of_the_people_in_view_counts_and_whoever_left_does_not() -> None:
    state = tracker()
    state.observe(fatigue(0.0, Level.WARNING, track=1))
    assert state.observe(fatigue(0.1, Level.NONE, track=2)) is None
    after = state.observe(fatigue(4.0, Level.NONE, track=2))
    assert after is not None
    assert (after["level"], after["track"]) == ("none", 2)


def test_without_a_camera_the_level_is_unknown_not_none() -> None:
    state = tracker()
    state.observe(fatigue(0.0, Level.WARNING))
    lost = state.observe(Source(1.0, "camera", "lost", "unplugged"))
    assert lost is not None
    assert lost["level"] is None
    assert lost["troubles"] == {"camera": "unplugged"}
    back = state.observe(Source(2.0, "camera", "ok"))
    assert back is not None
    assert back["inputs"] == {"camera": "ok"}
    assert back["troubles"] == {}
