"""What each purpose lets out: one table of purpose x kind, and what is thinned."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from edge.alerts.condition import KINDS
from edge.config import Config
from edge.config.purpose import ALLOWANCES, Purpose, permitted
from edge.messages import (
    Affect,
    Alert,
    Attention,
    Blink,
    Closure,
    Face,
    Fatigue,
    Group,
    Level,
    Message,
    Nod,
    Source,
    Speech,
    Summary,
    Transcript,
    Trip,
    Warned,
    Yawn,
)
from edge.messages.serialize import to_record

FACE = Face(1.0, track=1, box=(0, 0, 9, 9), usable=True, reason=None, openness=0.9, expression={"happy": 1.0})
SUMMARY = Summary(9.0, 0.0, 9.0, {"happy": 1.0}, 0.5, 0.03, {"microsleep": 1}, 0.9)
OF_A_PERSON = Alert(1.0, "a1", "new", "microsleep", Level.CRITICAL, 0.5, 1.6, {"closure_ms": 1600, "track": 1})
OF_THE_ROOM = Alert(
    1.0, "a2", "new", "distress", Level.WARNING, 0.5, 1.6, {"score": -0.8, "tracks": [1, 2], "text": "no"}
)

SAMPLES: dict[str, Message] = {
    "face": FACE,
    "blink": Blink(1.0, 1, 0.8, 1.0, 200.0, 0.9, 4.0),
    "closure": Closure(1.0, 1, 0.0, 1.0, "long"),
    "yawn": Yawn(1.0, 1, 0.0, 1.0),
    "nod": Nod(1.0, 1, 0.0, 1.0),
    "fatigue": Fatigue(1.0, 1, Level.WARNING, 0.2, 0.1, 0.9),
    "attention": Attention(1.0, 1, Level.WARNING, ("long_glance",), 5.0, 6.0, 31.0, 2.0),
    "speech": Speech(1.0, 0.0, 1.0),
    "transcript": Transcript(1.0, 0.0, 1.0, "hello", "en", 0.9),
    "affect": Affect(1.0, 0.0, 1.0, 0.5, "happy", "weakly positive", {"text": 0.5}, 0.8),
    "group": Group(10.0, 0.0, 10.0, 7, 0.3, 0.2, 0.1, -40.0),
    "alert of a person": OF_A_PERSON,
    "alert of the room": OF_THE_ROOM,
    "source": Source(1.0, "camera", "lost", "unplugged"),
    "summary": SUMMARY,
    "warned": Warned(1.0, "speaker", "critical", "begin", "a1"),
    "trip": Trip(90.0, 0.0, 90.0, 1.5),
}

WHOLE, NOTHING = "whole", "nothing"
EXPECTED: dict[str, dict[Purpose, str | Message]] = {
    name: dict(zip(Purpose, (driver, classroom, WHOLE), strict=True))
    for name, driver, classroom in [
        ("face", dataclasses.replace(FACE, expression=None), NOTHING),
        ("blink", WHOLE, NOTHING),
        ("closure", WHOLE, NOTHING),
        ("yawn", WHOLE, NOTHING),
        ("nod", WHOLE, NOTHING),
        ("fatigue", WHOLE, NOTHING),
        ("attention", WHOLE, NOTHING),
        ("speech", WHOLE, NOTHING),
        ("transcript", NOTHING, NOTHING),
        ("affect", NOTHING, NOTHING),
        ("group", NOTHING, WHOLE),
        ("alert of a person", WHOLE, NOTHING),
        (
            "alert of the room",
            dataclasses.replace(OF_THE_ROOM, evidence={"score": -0.8, "tracks": [1, 2]}),
            dataclasses.replace(OF_THE_ROOM, evidence={"score": -0.8}),
        ),
        ("source", WHOLE, WHOLE),
        (
            "summary",
            dataclasses.replace(SUMMARY, emotions={}, score_mean=None),
            dataclasses.replace(SUMMARY, emotions={}, score_mean=None, perclos=None, alerts={}, valid_ratio=0.0),
        ),
        ("warned", WHOLE, NOTHING),
        ("trip", WHOLE, NOTHING),
    ]
}


def test_every_kind_of_message_is_in_the_table() -> None:
    assert {sample.kind for sample in SAMPLES.values()} == {kind.kind for kind in get_args(Message)}
    assert SAMPLES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("name", SAMPLES)
def test_purpose_by_kind(name: str, purpose: Purpose) -> None:
    expected = EXPECTED[name][purpose]
    wanted = SAMPLES[name] if expected == WHOLE else None if expected == NOTHING else expected
    assert permitted(SAMPLES[name], ALLOWANCES[purpose]) == wanted


@pytest.mark.parametrize("name", SAMPLES)
def test_a_classroom_never_names_a_person_or_a_word(name: str) -> None:
    message = permitted(SAMPLES[name], ALLOWANCES[Purpose.CLASSROOM_WELLBEING])
    if message is not None:
        record = to_record(message)
        assert record.get("track") is None
        assert not {"track", "tracks", "box", "text"} & record.get("evidence", {}).keys()


RAISED: dict[str, set[Purpose]] = {
    "microsleep": {Purpose.DRIVER_SAFETY},
    "drowsiness": {Purpose.DRIVER_SAFETY},
    "distraction": {Purpose.DRIVER_SAFETY},
    "cannot_see_driver": {Purpose.DRIVER_SAFETY},
    "source_lost": {Purpose.DRIVER_SAFETY, Purpose.CLASSROOM_WELLBEING},
    "distress": {Purpose.DRIVER_SAFETY, Purpose.CLASSROOM_WELLBEING},
    "breaking_sound": {Purpose.DRIVER_SAFETY, Purpose.CLASSROOM_WELLBEING},
    "alarm_sound": {Purpose.DRIVER_SAFETY, Purpose.CLASSROOM_WELLBEING},
    "coughing_fit": {Purpose.DRIVER_SAFETY},
    "agitation": {Purpose.CLASSROOM_WELLBEING},
    "group_mood": {Purpose.CLASSROOM_WELLBEING},
    "mood_shift": set(),
}
"""Research may raise them all."""


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("kind", KINDS)
def test_which_alerts_a_purpose_may_raise(kind: str, purpose: Purpose) -> None:
    alert = Alert(1.0, "a", "new", kind, Level.ADVISORY, 0.0, 1.0)
    allowed = purpose in RAISED[kind] or purpose is Purpose.RESEARCH
    assert (permitted(alert, ALLOWANCES[purpose]) is not None) == allowed
    summary = dataclasses.replace(SUMMARY, alerts={kind: 2})
    thinned = permitted(summary, ALLOWANCES[purpose])
    assert isinstance(thinned, Summary) and thinned.alerts == ({kind: 2} if allowed else {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "fatigue.enabled must be false for purpose classroom-wellbeing: it is about single persons"),
        ({"fatigue": {"enabled": False}, "speech": {"transcribe": True}}, "speech.transcribe must be false"),
    ],
)
def test_a_classroom_that_would_watch_single_children_is_refused(content: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Config.model_validate({"purpose": "classroom-wellbeing", **content})
