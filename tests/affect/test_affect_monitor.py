"""Affect of utterances and of silent windows, told as people would tell it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge.affect.face_memory import FaceMemory
from edge.affect.monitor import AffectMonitor
from edge.config.decision import AffectConfig
from edge.messages import Affect, Face, Reason, Transcript, Utterance
from edge.speech.prosody import Prosody
from edge.text.sentiment import Sentiment

FPS = 10
SMILE = {"happy": 0.9, "neutral": 0.1}
REST = {"neutral": 0.6, "sad": 0.4}


def face(
    t_s: float, expression: dict[str, float] | None = None, track: int = 1, mouth: float = 0.03, usable: bool = True
) -> Face:
    reason = None if usable else Reason.TURNED_AWAY
    return Face(t_s, track, (0, 0, 9, 9), usable, reason, mouth=mouth, expression=expression or REST)


def frames(start_s: float, end_s: float) -> Iterator[float]:
    return (index / FPS for index in range(round(start_s * FPS), round(end_s * FPS)))


def talking(t_s: float) -> float:
    return 0.08 + 0.06 * math.sin(2 * math.pi * 3.3 * t_s)


def spoken(start_s: float, end_s: float) -> Utterance:
    return Utterance(start_s, end_s, np.zeros(16, np.float32))


def words(utterance: Utterance, confidence: float = 0.9) -> Transcript:
    return Transcript(utterance.end_s, utterance.start_s, utterance.end_s, "好", "zh", confidence)


def sentiment(score: float) -> Sentiment:
    return Sentiment(score, 0.9, np.zeros(4, np.float32))


def prosody(score: float | None, confidence: float = 0.9) -> Prosody:
    return Prosody(score, score, confidence, {}, {})


@pytest.fixture
def monitor() -> AffectMonitor:
    return AffectMonitor(AffectConfig(window_s=10.0))


def watch(monitor: AffectMonitor, faces: Iterator[Face] | list[Face], speaking: bool = False) -> list[Affect]:
    return [affect for item in faces for affect in monitor.observe(item, speaking)]


def test_an_excited_voice_has_its_arousal_and_how_well_it_is_known(monitor: AffectMonitor) -> None:
    excited = replace(prosody(0.2, 0.0), arousal=0.8, certainty=0.05)
    (first,) = monitor.utterance(spoken(1.0, 3.0), words(spoken(1.0, 3.0)), sentiment(0.4), excited)
    assert (first.arousal, first.arousal_confidence) == (0.8, 0.05)
    assert first.modalities["audio"] is None, "valence that is at chance in this language is not claimed"
    (silent,) = monitor.utterance(spoken(4.0, 6.0), words(spoken(4.0, 6.0)), sentiment(0.4), None)
    assert (silent.arousal, silent.arousal_confidence) == (None, 0.0)


def test_a_smiling_driver_who_says_nothing_is_happy_every_ten_seconds(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t) for t in frames(0, 60)])
    smiling = watch(monitor, [face(t, SMILE) for t in frames(60, 81)])
    assert [(a.start_s, a.end_s) for a in smiling] == [(50.0, 60.0), (60.0, 70.0), (70.0, 80.0)]
    assert smiling[-1].emotion in {"happy", "excited"} and smiling[-1].track == 1
    assert smiling[-1].modalities == {"text": None, "audio": None, "vision": smiling[-1].score}


def test_a_driver_whose_resting_face_looks_sad_is_not_called_sad(monitor: AffectMonitor) -> None:
    grim = {"sad": 0.5, "angry": 0.3, "neutral": 0.2}
    last = watch(monitor, [face(t, grim) for t in frames(0, 200)])[-1]
    assert last.emotion == "neutral" and last.polarity == "neutral"


def test_a_driver_who_looks_away_has_no_mood(monitor: AffectMonitor) -> None:
    assert watch(monitor, [face(t, usable=False) for t in frames(0, 45)]) == []
    assert watch(monitor, [Face(t) for t in frames(45, 90)]) == []


def test_three_glances_in_a_window_are_too_few(monitor: AffectMonitor) -> None:
    faces = [face(t, SMILE, usable=round(t * FPS) % 35 == 0) for t in frames(0, 30)]
    assert watch(monitor, faces) == []


def test_two_people_have_a_window_each_in_the_order_of_their_tracks(monitor: AffectMonitor) -> None:
    both = [f for t in frames(0, 11) for f in (face(t, REST, track=2), face(t, SMILE, track=1))]
    assert [(a.track, a.end_s) for a in watch(monitor, both)] == [(1, 10.0), (2, 10.0)]


def test_speech_breaks_a_window_off_and_a_short_one_is_dropped(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t) for t in frames(0, 3)])
    assert watch(monitor, [face(t) for t in frames(3, 5)], speaking=True) == []
    watch(monitor, [face(t) for t in frames(5, 13)])
    (broken,) = watch(monitor, [face(t) for t in frames(13, 14)], speaking=True)
    assert (broken.start_s, broken.end_s) == (5.0, 13.0)


def test_the_end_of_the_run_closes_the_last_window(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t) for t in frames(0, 7)])
    (last,) = monitor.finish(7.0)
    assert (last.start_s, last.end_s) == (0.0, 7.0)
    assert monitor.finish(7.0) == []


def test_an_utterance_is_judged_by_words_voice_and_face_of_its_own_time_however_late(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t) for t in frames(0, 60)])
    watch(monitor, [face(t, SMILE, mouth=talking(t)) for t in frames(60, 63)], speaking=True)
    watch(monitor, [face(t) for t in frames(63, 80)])
    utterance = spoken(60.0, 63.0)
    (affect,) = monitor.utterance(utterance, words(utterance), sentiment(0.6), prosody(0.2))
    assert affect.track == 1
    assert affect.modalities["text"] == 0.6 and affect.modalities["audio"] == 0.2
    assert affect.modalities["vision"] is not None and affect.modalities["vision"] > 0.5
    assert (affect.start_s, affect.end_s) == (60.0, 63.0) and affect.t_s >= 79.9


def test_a_voice_in_the_dark_still_counts_and_says_what_was_missing(monitor: AffectMonitor) -> None:
    (affect,) = monitor.utterance(spoken(0, 2), None, None, prosody(-0.5))
    assert affect.modalities == {"text": None, "audio": -0.5, "vision": None}
    assert affect.score == -0.5 and affect.track is None and affect.t_s == 2.0


def test_an_utterance_that_nothing_can_judge_says_nothing(monitor: AffectMonitor) -> None:
    assert monitor.utterance(spoken(0, 2), None, None, prosody(None)) == []


def test_the_first_words_of_an_unknown_voice_are_judged_by_the_words_alone(monitor: AffectMonitor) -> None:
    utterance = spoken(0, 2)
    (affect,) = monitor.utterance(utterance, words(utterance), sentiment(0.4), prosody(-0.9, confidence=0.0))
    assert affect.modalities == {"text": 0.4, "audio": None, "vision": None} and affect.score == 0.4


def test_doubtful_words_weigh_less(monitor: AffectMonitor) -> None:
    utterance = spoken(0, 2)
    (sure,) = monitor.utterance(utterance, words(utterance, 0.95), sentiment(0.8), prosody(-0.8))
    (doubtful,) = monitor.utterance(utterance, words(utterance, 0.2), sentiment(0.8), prosody(-0.8))
    assert doubtful.score < sure.score and doubtful.confidence < sure.confidence


def test_of_two_faces_the_one_whose_mouth_moves_is_the_speaker(monitor: AffectMonitor) -> None:
    for t in frames(0, 3):
        watch(monitor, [face(t, REST, track=1), face(t, SMILE, track=2, mouth=talking(t))], speaking=True)
    (affect,) = monitor.utterance(spoken(0, 3), None, None, prosody(0.1))
    assert affect.track == 2


def test_of_four_faces_nobody_is_the_speaker_while_a_second_mouth_moves_nearly_as_much(monitor: AffectMonitor) -> None:
    def four(second: float) -> list[Face]:
        still = 0.03
        return [
            face(t, SMILE if track == 3 else REST, track, still + share * (talking(t) - still))
            for t in frames(0, 3)
            for track, share in ((1, 0.0), (2, second), (3, 1.0), (4, 0.1))
        ]

    for second, speaker in ((0.1, 3), (0.9, None)):
        watcher = AffectMonitor(AffectConfig())
        watch(watcher, four(second), speaking=True)
        (affect,) = watcher.utterance(spoken(0.0, 3.0), None, sentiment(0.2), None)
        assert affect.track == speaker


def test_when_both_chew_nobody_is_the_speaker_and_vision_is_the_mean(monitor: AffectMonitor) -> None:
    for t in frames(0, 3):
        watch(monitor, [face(t, {"happy": 1.0}, 1, talking(t)), face(t, {"sad": 1.0}, 2, talking(t))], speaking=True)
    (affect,) = monitor.utterance(spoken(0, 3), None, None, prosody(0.1))
    vision = affect.modalities["vision"]
    assert affect.track is None and vision is not None and abs(vision) < 0.3


def test_somebody_behind_the_camera_is_not_the_driver(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t, REST, mouth=0.03) for t in frames(0, 3)], speaking=True)
    (affect,) = monitor.utterance(spoken(0, 3), None, None, prosody(0.1))
    assert affect.track is None


def test_an_utterance_from_before_memory_has_no_vision(monitor: AffectMonitor) -> None:
    watch(monitor, [face(t, SMILE, mouth=talking(t)) for t in frames(0, 200)], speaking=True)
    (affect,) = monitor.utterance(spoken(1, 3), None, None, prosody(0.1))
    assert affect.modalities["vision"] is None


def test_memory_of_faces_is_bounded() -> None:
    memory = FaceMemory()
    for track in range(1, 2000):
        memory.see(face(track, SMILE, track=track))
    assert len(memory._seen) <= 91
    assert len(memory._resting) <= 301
