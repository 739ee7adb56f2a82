"""When the state is worth publishing, and what it says with several people or none in view."""

from __future__ import annotations

import json

from edge.i18n.texts import Sentence
from edge.messages import Fatigue, Level, Source
from edge.publish.payloads import level_name
from edge.publish.publications import RunOrigin, encoded
from edge.publish.reports import StateTracker


def tracker() -> StateTracker:
    return StateTracker(RunOrigin("boot", 1_700_000_000.0))


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


def test_the_sentences_of_the_box_come_with_their_codes() -> None:
    state = tracker()
    state.observe(Source(0.0, "microphone", "lost", "[Errno 19] No such device"), "synced")
    lost = state.observe(Source(1.0, "camera", "lost", Sentence("csi_without_picture", seconds=5.00001)), "synced")
    assert lost is not None
    told = json.loads(encoded(lost))
    assert told["troubles"]["camera"] == "the CSI pipeline gave no picture for 5 s"
    assert told["trouble_codes"] == {"camera": {"code": "csi_without_picture", "parameters": {"seconds": 5.0}}}


def test_while_the_camera_gives_too_little_normal_is_unknown_and_what_is_grave_stands() -> None:
    """Pictures still come, and with them reports that tell of what was judged before."""
    state = tracker()
    state.observe(fatigue(0.0), "synced")
    state.observe(Source(1.0, "camera", "lost", "too few pictures"), "synced")
    for perclos, level, told in (
        (None, Level.NONE, None),
        (None, Level.CRITICAL, "critical"),
        (0.1, Level.NONE, "none"),
    ):
        state.observe(fatigue(1.1, level, perclos=perclos), "synced")
        assert state.latest is not None
        assert state.latest.level == told
    state.observe(fatigue(1.2, perclos=None), "synced")
    assert state.latest is not None
    assert (state.latest.level, state.latest.unknown) == (None, "camera")


def test_what_commands_silenced_stands_in_the_state_until_it_is_over() -> None:
    state = tracker()
    state.observe(fatigue(0.0), "synced")
    told = state.set_by_commands(1.0, "synced", {"drowsiness": 31.0}, {"alerts.cooldown_s": 60.0})
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


def test_a_word_about_something_else_moves_neither_the_level_nor_its_time() -> None:
    state = tracker()
    state.observe(fatigue(10.0, Level.CRITICAL), "synced")
    for told in (
        state.observe(Source(11.2, "timeline", "lost", "disk full"), "synced"),
        state.observe(Source(11.3, "microphone", "absent", "none"), "synced"),
        state.set_by_commands(11.4, "synced", {"drowsiness": 31.0}, {}),
        state.observe(Source(11.5, "timeline", "ok"), "synced"),
    ):
        assert told is not None
        assert (told.level, told.since[-13:]) == ("critical", "22:13:30.000Z"[-13:])


def test_the_state_is_told_again_every_minute_though_no_picture_comes() -> None:
    state = tracker()
    state.observe(Source(0.0, "camera", "lost", "unplugged"), "synced")
    assert [second for second in range(1, 130) if state.turn(float(second), "synced")] == [60, 120]


def test_a_level_that_nobody_judged_is_unknown_and_why_stands_beside_it() -> None:
    state = tracker()

    def at(t_s: float, *messages: Fatigue | Source) -> tuple[str | None, str | None]:
        for message in messages:
            state.observe(message, "synced")
        state.turn(t_s, "synced")
        assert state.latest is not None
        return state.latest.level, state.latest.unknown

    def blind(t_s: float, why: str, level: Level = Level.NONE, track: int | None = 1) -> Fatigue:
        return Fatigue(t_s, track, level, 0.02, 0.02, 0.5, unknown=why)

    assert at(0.5, Source(0.0, "camera", "ok")) == (None, "starting")
    assert at(1.0, fatigue(1.0)) == ("none", None)
    assert at(8.0, blind(8.0, "eyes_hidden")) == (None, "eyes_hidden")
    assert at(9.0, blind(9.0, "eyes_hidden", Level.CRITICAL)) == ("critical", None), "a raised level stands"
    assert at(9.5, blind(9.0, "eyes_hidden"), fatigue(9.5, track=2)) == ("none", None), "one of two is judged"
    assert at(20.0, blind(20.0, "no_face", track=None)) == (None, "no_face"), "an empty seat"
    assert at(30.0) == (None, "no_face"), "no picture any more"
    assert at(31.0, Source(31.0, "camera", "lost", "unplugged")) == (None, "camera")


def test_fatigue_that_is_switched_off_is_off_and_not_unknown() -> None:
    state = tracker()
    told = state.observe(Source(0.0, "fatigue", "absent", "switched off by fatigue.enabled"), "synced")
    assert told is not None
    assert (told.level, told.unknown) == (None, "off")
