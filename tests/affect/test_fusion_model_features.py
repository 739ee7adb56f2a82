"""What a trained fusion sees of an utterance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_voice import silence, voice

from edge.affect.feature_schema import TABLES, description
from edge.affect.fusion_model import utterance_features
from edge.messages import Face, Reason, Utterance
from edge.speech.prosody import Prosody
from edge.speech.voice import voice_frames
from edge.text.sentiment import Sentiment

VISION = [column.name for column in TABLES["vision"].columns]
AUDIO = [column.name for column in TABLES["audio"].columns]
EXPRESSION = {"happy": 0.75, "neutral": 0.25, "sad": 0.0, "angry": 0.0, "fear": 0.0, "disgust": 0.0, "surprise": 0.0}


def utterance(length_s: float = 2.0, start_s: float = 10.0) -> Utterance:
    return Utterance(start_s, start_s + length_s, np.zeros(16, np.float32))


def face(t_s: float, opening: float | None = 0.3) -> Face:
    return Face(
        t_s,
        track=1,
        box=(0, 0, 9, 9),
        usable=opening is not None,
        reason=None,
        eye_opening=opening,
        mouth=0.1,
        yaw_deg=15.0,
        pitch_deg=-6.0,
        roll_deg=3.0,
        expression=EXPRESSION,
    )


def watched(fps: float, length_s: float = 2.0, start_s: float = 10.0) -> list[Face]:
    return [face(start_s + index / fps) for index in range(math.ceil(length_s * fps))]


def vision(faces: list[Face], frames: int | None = None, length_s: float = 2.0) -> np.ndarray | None:
    return utterance_features(utterance(length_s), None, None, faces, frames or len(faces)).vision


def test_a_modality_that_is_not_there_is_none() -> None:
    features = utterance_features(utterance(), None, None, [], 0)
    assert (features.text, features.audio, features.vision) == (None, None, None)
    silent = Prosody(None, None, 0.0, {}, {})
    assert utterance_features(utterance(), None, silent, [], 50).audio is None


def test_the_cameras_rate_does_not_reach_the_model() -> None:
    at_25 = vision(watched(25))
    assert at_25 is not None and at_25.shape == (20, 15) and at_25.dtype == np.float32
    for fps in (5, 10, 12.5, 30, 60):
        np.testing.assert_allclose(vision(watched(fps)), at_25, atol=1e-6, err_msg=str(fps))


def test_a_row_says_what_the_face_was_like_in_its_units() -> None:
    row = dict(zip(VISION, vision(watched(25))[3], strict=True))
    assert row["seen"] == row["eyes_seen"] == row["expression_seen"] == 1
    assert row["yaw"] == pytest.approx(0.5) and row["pitch"] == pytest.approx(-0.2)
    assert row["happy"] == pytest.approx(0.75) and row["eye_opening"] == pytest.approx(0.75)


def test_eyes_that_cannot_be_judged_are_said_not_to_be_and_a_lost_face_is_a_row_of_zeros() -> None:
    faces = [face(f.t_s, None) if f.t_s < 11 else f for f in watched(25)]
    rows = vision(faces)
    assert rows[2, VISION.index("eyes_seen")] == rows[2, VISION.index("eye_opening")] == 0
    assert rows[2, VISION.index("seen")] == rows[15, VISION.index("eyes_seen")] == 1
    lost = [Face(f.t_s, 1, reason=Reason.NO_FACE) if f.t_s < 11 else f for f in watched(25)]
    rows = vision(lost)
    assert not rows[:9].any() and rows[12:].any()


def test_a_face_seen_too_seldom_is_no_vision() -> None:
    assert vision(watched(25)[:4], frames=50) is None
    assert vision(watched(25)[:14], frames=50) is None
    assert vision(watched(25)[:15], frames=50) is not None


def test_a_hole_longer_than_the_reach_stays_a_hole() -> None:
    faces = [f for f in watched(25) if not 10.5 <= f.t_s < 11.5]
    seen = vision(faces)[:, 0]
    assert seen[5:7].all() and seen[13:15].all(), "pictures near by are taken"
    assert not seen[8:12].any()


def prosody(samples: np.ndarray) -> Prosody:
    return Prosody(0.1, 0.2, 0.5, {}, {}, voice_frames(samples.astype(np.float32)), typical_arousal=0.7)


def test_the_voice_is_ten_rows_a_second_and_silence_in_it_has_no_pitch() -> None:
    samples = np.concatenate([voice(1.0, 120.0), silence(0.5), voice(1.0, 170.0)])
    audio = utterance_features(utterance(), None, prosody(samples), [], 0).audio
    assert audio is not None and audio.shape[1] == 11 and len(audio) == pytest.approx(25, abs=1)
    assert np.isfinite(audio).all() and np.abs(audio).max() < 16
    column = dict(zip(AUDIO, audio.T, strict=True))
    assert column["voiced"][:9].mean() > 0.4 and column["voiced"][12] == 0
    assert column["pitch"][12] == 0 and column["flux"][12] == 0, "what has no voice is zero"
    assert column["level"][12] < column["level"][:9].min()
    assert set(column["arousal"].tolist()) == {np.float32(0.7)}, "of the whole utterance, also where it pauses"
    spoken = column["voiced"] > 0.5
    pitch = TABLES["audio"].columns[AUDIO.index("pitch")]
    semitones = column["pitch"] * pitch.spread + pitch.centre
    low, high = (semitones[part][spoken[part]].mean() for part in (slice(0, 10), slice(15, 25)))
    assert high - low == pytest.approx(12 * math.log2(170 / 120), abs=1.0)


def test_text_is_its_tokens_and_its_sentiment_cut_at_the_most() -> None:
    hidden = np.random.default_rng(0).normal(size=(200, 384)).astype(np.float32)
    text = utterance_features(utterance(), Sentiment(0.4, 0.9, hidden[0], hidden), None, [], 0).text
    assert text is not None and text.shape == (128, 385) and text.dtype == np.float32
    np.testing.assert_array_equal(text[:, :384], hidden[:128])
    assert set(text[:, 384].tolist()) == {np.float32(0.4)}


def test_the_digest_follows_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = description()
    assert before["dims"] == {"text": 385, "audio": 11, "vision": 15} and before == description()
    monkeypatch.setattr("edge.affect.feature_schema.RATE_HZ", 20)
    assert description()["digest"] != before["digest"]
