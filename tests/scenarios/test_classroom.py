"""What may be said about a class, and what never: told as a teacher would tell it."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import Config
from edge.config.purpose import permitted
from edge.messages import Alert, Anomaly, Face, Group, Level, Message, Sound, Summary
from edge.messages.serialize import to_record
from edge.runtime.decision_stages import DecisionStages

FPS = 2
CALM = {"neutral": 0.7, "happy": 0.2, "sad": 0.1}
SAD = {"sad": 0.8, "neutral": 0.2}
LAUGHING = {"happy": 0.95, "neutral": 0.05}
CLASSROOM = Config.model_validate(
    {"purpose": "classroom-wellbeing", "fatigue": {"enabled": False}, "speech": {"transcribe": False}}
)
Child = Callable[[float, int, random.Random], Face]


def child(
    t_s: float, track: int, rng: random.Random, feels: dict[str, float] | None = None, fidget: float = 1.0
) -> Face:
    expression = dict(feels or CALM)
    shift = rng.uniform(0.0, 0.2) * expression["neutral"]
    expression["neutral"] -= shift
    expression["sad" if rng.random() < 0.5 else "happy"] = expression.get("sad", 0.0) + shift
    box = (100.0 * track + fidget * rng.gauss(0, 1.5), 50.0 + fidget * rng.gauss(0, 1.5), 40.0, 50.0)
    pose = {"mouth": 0.03, "yaw_deg": fidget * rng.gauss(0, 2), "pitch_deg": 0.0, "roll_deg": 0.0}
    return Face(t_s, track, box, True, None, 0.9, 0.3, expression=expression, **pose)


class Lesson:
    """A class before the camera; keeps what may leave the box."""

    def __init__(self, config: Config = CLASSROOM, seed: int = 1) -> None:
        self.config, self.decisions, self.rng = config, DecisionStages(config, "lesson"), random.Random(seed)
        self.t_s, self.told = 0.0, list[Message]()

    def goes_on(self, minutes: float, children: int, one: Child = child, first: Child | None = None) -> Lesson:
        for _ in range(round(minutes * 60 * FPS)):
            faces = [
                (first or one if track == 1 else one)(self.t_s, track, self.rng) for track in range(1, children + 1)
            ]
            self._keep(self.decisions.seen(faces or [Face(self.t_s)], True))
            self._keep(self.decisions.sounded([Sound(self.t_s, -45.0)]))
            self.t_s += 1 / FPS
        return self

    def laughs(self, seconds: float) -> Lesson:
        for _ in range(round(2 * seconds)):
            self._keep(self.decisions.sounded([Sound(self.t_s, -38.0, heard=frozenset({"laughter"}))]))
        return self

    def sounds(self, level: Level) -> Lesson:
        distress = Anomaly(self.t_s, "distress", None, level, self.t_s, ("voice",), {"above_db": 20.0})
        self._keep(self.decisions.sounded([Sound(self.t_s, -20.0, (distress,))]))
        return self

    def ends(self) -> list[Message]:
        self._keep(self.decisions.finish(self.t_s))
        return self.told

    def _keep(self, messages: list[Message]) -> None:
        self.told += [kept for m in messages if (kept := permitted(m, self.config.allowance)) is not None]


def sad(t_s: float, track: int, rng: random.Random) -> Face:
    return child(t_s, track, rng, SAD)


def laughing(t_s: float, track: int, rng: random.Random) -> Face:
    return child(t_s, track, rng, LAUGHING, 3.0)


def romping(t_s: float, track: int, rng: random.Random) -> Face:
    return child(t_s, track, rng, fidget=12.0)


def alerts(told: list[Message]) -> set[str]:
    return {message.alert for message in told if isinstance(message, Alert)}


def groups(told: list[Message]) -> list[Group]:
    return [message for message in told if isinstance(message, Group)]


def test_a_joke_is_a_mark_of_its_window_and_no_alert() -> None:
    told = Lesson().goes_on(2, 7).laughs(3).goes_on(2, 7).ends()
    laughed = [group for group in groups(told) if group.sounds]
    assert [group.sounds for group in laughed] == [("laughter",)]
    assert laughed[0].start_s <= 120.0 <= laughed[0].end_s
    assert alerts(told) == set()


def test_a_joke_among_four_is_not_reported() -> None:
    assert groups(Lesson().goes_on(2, 4).laughs(3).goes_on(2, 4).ends()) == []


def test_the_long_quiet_lesson() -> None:
    told = Lesson().goes_on(45, 7).ends()
    assert alerts(told) == set()
    assert len(groups(told)) >= 260 and {group.faces for group in groups(told)} == {7}
    assert all(group.negative_share < 0.5 and group.noise_db == -45.0 for group in groups(told))
    summaries = [message for message in told if isinstance(message, Summary)]
    assert all(m.valid_ratio > 0.9 and m.group["noise_db"] == -45.0 and not m.emotions for m in summaries)


def test_the_single_sad_child_of_whom_nothing_may_be_said() -> None:
    told = Lesson().goes_on(15, 6).goes_on(8, 6, first=sad).ends()
    assert alerts(told) == set()
    assert all(group.negative_share == 0.0 for group in groups(told)[-40:])


def test_a_class_that_turns_sad_together() -> None:
    told = Lesson().goes_on(15, 6).goes_on(4, 6, sad).ends()
    assert alerts(told) == {"group_mood"}
    (new,) = [m for m in told if isinstance(m, Alert) and m.type == "new"]
    assert new.level is Level.ADVISORY and 890 < new.start_s < 960 and new.t_s < 960
    assert "track" not in new.evidence


def test_the_whole_class_laughing_is_no_group_in_a_bad_mood() -> None:
    told = Lesson().goes_on(15, 6).goes_on(2, 6, laughing).ends()
    assert "group_mood" not in alerts(told) and "distress" not in alerts(told)


def test_a_class_that_romps_is_agitated() -> None:
    assert alerts(Lesson().goes_on(15, 6).goes_on(3, 6, romping).ends()) == {"agitation"}


@pytest.mark.parametrize("children", [0, 1, 4])
def test_four_children_in_the_room_nothing_is_said(children: int) -> None:
    lesson = Lesson().goes_on(12, children).goes_on(3, children, sad)
    told = lesson.ends()
    assert all(isinstance(message, Summary) for message in told)
    assert all(m.valid_ratio == 0 and not m.alerts and not m.emotions for m in told if isinstance(m, Summary))


def test_one_child_who_is_lost_and_found_again_is_not_two() -> None:
    def flickering(t_s: float, track: int, rng: random.Random) -> Face:
        half = int(t_s / 5) % 2
        return child(t_s, track + 10 * half if track == 1 else track, rng)

    assert groups(Lesson().goes_on(3, 4, flickering).ends()) == []


def test_an_alert_that_goes_on_tells_nothing_of_the_four_who_stay() -> None:
    def told(first: Child | None) -> list[str]:
        lesson = Lesson().goes_on(12, 6).goes_on(1, 6, romping).goes_on(1, 4, first=first)
        return [json.dumps(to_record(message)) for message in lesson.ends()]

    assert any("agitation" in line for line in told(None))
    assert told(None) == told(romping)


def test_the_shouting_match_with_nobody_in_the_picture() -> None:
    lesson = Lesson().goes_on(0.2, 0).sounds(Level.WARNING).goes_on(0.05, 0).sounds(Level.NONE)
    told = [m for m in lesson.goes_on(0.1, 0).ends() if isinstance(m, Alert)]
    assert [(m.alert, m.type, m.level) for m in told] == [
        ("distress", "new", Level.WARNING),
        ("distress", "end", Level.WARNING),
    ]


def test_a_sad_test_person_in_research_is_told_with_the_person() -> None:
    config = Config.model_validate({"purpose": "research", "consent": "recorded", "fatigue": {"enabled": False}})
    lesson = Lesson(config)
    for _ in range(round(13 * 60 * FPS)):
        feels = SAD if lesson.t_s > 720 else CALM
        lesson._keep(lesson.decisions.seen([child(lesson.t_s, 1, lesson.rng, feels)], False))
        lesson.t_s += 1 / FPS
    shifts = [m for m in lesson.ends() if isinstance(m, Alert) and m.alert == "mood_shift"]
    assert shifts[0].type == "new" and shifts[0].evidence["track"] == 1 and shifts[0].t_s <= 760


@settings(max_examples=12, deadline=None)
@given(
    count=st.integers(1, 4),
    angry=st.floats(0, 1, allow_nan=False),
    width=st.floats(0, 30, allow_nan=False),
    present=st.booleans(),
)
def test_no_value_of_one_child_among_fewer_than_five_changes_a_message(
    count: int, angry: float, width: float, present: bool
) -> None:
    """Six children, then `count`, then six again: what one did meanwhile changes nothing, then or later."""

    def gone(t_s: float, track: int, rng: random.Random) -> Face:
        seen = child(t_s, track, rng, {"angry": angry, "neutral": 1 - angry}, width)
        return seen if present else Face(t_s, track, seen.box)

    def lesson(first: Child | None) -> list[str]:
        told = Lesson().goes_on(0.55, 6).goes_on(0.7, count, first=first).goes_on(0.6, 6).ends()
        return [json.dumps(to_record(message)) for message in told]

    assert lesson(None) == lesson(gone)


@settings(max_examples=10, deadline=None)
@given(count=st.integers(0, 8), seed=st.integers(0, 99))
def test_nothing_that_leaves_a_classroom_refers_to_a_track(count: int, seed: int) -> None:
    told = Lesson(seed=seed).goes_on(0.5, count, romping).sounds(Level.WARNING).goes_on(0.3, count, sad).ends()
    for message in told:
        record = to_record(message)
        assert message.kind in {"group", "alert", "summary", "source"}
        assert "track" not in record and not {"track", "tracks", "box"} & record.get("evidence", {}).keys()


def test_a_pose_of_numbers_stays_finite() -> None:
    for group in groups(Lesson().goes_on(2, 5, romping).ends()):
        assert all(math.isfinite(v) for v in (group.negative_share, group.spread, group.motion or 0.0))
