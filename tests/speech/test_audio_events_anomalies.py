"""What a room's sounds are told as: scenarios of judged seconds, without a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_voice import voice
from test_distress import at, crying

from edge.messages import SAMPLE_RATE_HZ, Anomaly, Level, Sound
from edge.speech.audio_events import CLASSES, HOP_S, RULES, AudioAnomalies, AudioEventScores
from edge.speech.segmenter import WINDOW


class Room:
    """Half seconds go by; each is judged and told of."""

    def __init__(self) -> None:
        self.ear, self.t_s = AudioAnomalies(), 0.0
        self.told: list[Anomaly] = []
        self.heard: set[str] = set()

    def hears(self, seconds: float, scores: Mapping[str, float], sound: np.ndarray | None = None) -> Room:
        """The scores, for so long, in silence or with this sound."""
        samples = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32) if sound is None else sound
        end_s = self.t_s + seconds
        for start in range(0, len(samples) - WINDOW + 1, WINDOW):
            self.ear.window(self.t_s + start / SAMPLE_RATE_HZ, samples[start : start + WINDOW], 0.9)
            if start % (15 * WINDOW) == 0:
                self.ear.hear([AudioEventScores(self.t_s + start / SAMPLE_RATE_HZ, scores)])
            for heard in self.ear.take():
                self.told += heard.unusual
                self.heard |= heard.heard
        self.t_s = end_s
        return self

    def kinds(self) -> list[tuple[str, Level, tuple[str, ...]]]:
        """Each thing told, once for each change."""
        found: list[tuple[str, Level, tuple[str, ...]]] = []
        for one in self.told:
            row = (one.alert, one.level, one.causes)
            if row not in found[-1:]:
                found.append(row)
        return found


def test_the_crying_baby_is_told_and_its_end_too() -> None:
    room = Room().hears(5.0, {}).hears(6.0, {"crying": 0.8}).hears(5.0, {})
    assert room.kinds() == [("distress", Level.WARNING, ("crying",)), ("distress", Level.NONE, ())]
    assert 4.0 < room.told[0].since_s < room.told[0].t_s < 8.0
    assert room.told[0].evidence["crying"] >= RULES["crying"].threshold


def test_laughter_and_shouts_are_heard_even_where_they_raise_no_alert() -> None:
    assert Room().hears(4.0, {}).hears(8.0, {"laughter": 1.0}).heard == {"laughter"}
    assert Room().hears(4.0, {}).hears(8.0, {"screaming": 0.9}).heard == {"shouting"}
    assert Room().hears(8.0, {"coughing": 1.0, "cat": 0.9}).heard == set()


@pytest.mark.parametrize(
    ("name", "scores", "seconds"),
    [
        ("one sob", {"crying": 0.9}, 0.4),
        ("a baby that laughs until it nearly cries", {"crying": 0.4, "laughter": 0.9}, 8.0),
        ("the cat", {"crying": 0.6, "cat": 0.9}, 8.0),
        ("a dog that whimpers", {"crying": 0.5, "dog": 0.7}, 10.0),
        ("a class that laughs", {"laughter": 1.0, "screaming": 0.2}, 8.0),
        ("a cough", {"coughing": 1.0}, 0.5),
        ("a horn", {"alarm": 0.9}, 0.5),
        ("talk", dict.fromkeys(CLASSES, 0.02), 20.0),
    ],
)
def test_what_is_not_told(name: str, scores: dict[str, float], seconds: float) -> None:
    assert Room().hears(4.0, {}).hears(seconds, scores).hears(6.0, {}).kinds() == [], name


@pytest.mark.parametrize(
    ("cause", "kind", "level", "seconds"),
    [
        ("screaming", "distress", Level.WARNING, 2.0),
        ("coughing", "coughing_fit", Level.ADVISORY, 6.0),
        ("breaking", "breaking_sound", Level.WARNING, 0.6),
        ("alarm", "alarm_sound", Level.ADVISORY, 5.0),
    ],
)
def test_what_is_told(cause: str, kind: str, level: Level, seconds: float) -> None:
    room = Room().hears(4.0, {}).hears(seconds, {cause: 0.9}).hears(8.0, {})
    assert room.kinds() == [(kind, level, (cause,)), (kind, Level.NONE, ())]


def test_a_baby_in_whose_crying_the_net_hears_some_laughter_is_told() -> None:
    room = Room().hears(5.0, {}).hears(6.0, {"crying": 0.5, "laughter": 0.45}).hears(6.0, {})
    assert room.kinds() == [("distress", Level.WARNING, ("crying",)), ("distress", Level.NONE, ())]


def test_sobs_with_breaths_between_them_are_told() -> None:
    room = Room().hears(5.0, {})
    for _ in range(5):
        room.hears(2 * HOP_S, {"crying": 0.6}).hears(HOP_S, {})
    assert room.kinds()[0] == ("distress", Level.WARNING, ("crying",))


def shouting(scores: Mapping[str, float]) -> Room:
    """Half a minute of talk, then six seconds far louder and higher."""
    return Room().hears(30.0, {}, at(voice(30.0, 180.0), -38.0)).hears(6.0, scores, at(crying(6.0), -16.0))


def test_a_shout_is_told_by_its_level_and_pitch_alone() -> None:
    assert shouting({}).kinds()[0] == ("distress", Level.WARNING, ("voice",))


def test_laughter_takes_a_shout_out_of_distress_but_not_a_cry() -> None:
    assert shouting({"laughter": 0.9}).kinds() == []
    assert ("distress", Level.WARNING, ("voice", "crying")) in shouting({"crying": 0.9}).kinds()
    both = shouting({"screaming": 0.9, "laughter": 0.2})
    assert ("distress", Level.WARNING, ("voice", "screaming")) in both.kinds()


def test_an_ear_that_is_lost_ends_what_it_heard() -> None:
    room = Room().hears(5.0, {"alarm": 1.0})
    silent = np.zeros(WINDOW, np.float32)
    for start in range(200):
        room.ear.window(room.t_s + start * WINDOW / SAMPLE_RATE_HZ, silent, 0.0)
    told = [one for heard in room.ear.take() for one in heard.unusual]
    assert told[-1].level is Level.NONE and told[-1].t_s - room.t_s < 4.0


@given(st.lists(st.dictionaries(st.sampled_from(sorted(CLASSES)), st.floats(0, 1)), max_size=60))
def test_all_that_begins_ends_and_evidence_is_a_share(seconds: list[dict[str, float]]) -> None:
    room = Room()
    for scores in seconds:
        room.hears(HOP_S, scores)
        assert all(0.0 <= room.ear.evidence(name) < 1.0 for name in RULES)
    room.hears(12.0, {})
    for alert in {one.alert for one in room.told}:
        assert [one for one in room.told if one.alert == alert][-1].level is Level.NONE


def test_a_quiet_half_second_tells_its_level() -> None:
    ear = AudioAnomalies()
    for index in range(16):
        ear.window(index * WINDOW / SAMPLE_RATE_HZ, np.zeros(WINDOW, np.float32), 0.0)
    assert ear.take() == [Sound(0.512, -90.0)]
