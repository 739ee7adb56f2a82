"""The ear for events on made and on real sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_distress import at, read, tone

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Audio
from edge.speech.audio_events import HOP, PATCH, AudioAnomalies, AudioEvents, AudioEventScores, patch_mel

NOISE = np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE_HZ).astype(np.float32)


def test_the_spectrogram_of_a_tone_has_its_peak_at_the_tone() -> None:
    samples = np.sin(2 * np.pi * 1000.0 * np.arange(PATCH) / SAMPLE_RATE_HZ).astype(np.float32)
    mel = patch_mel(samples)
    assert mel.shape == (1, 1, 96, 64) and mel.dtype == np.float32
    edges = np.linspace(*(1127 * np.log1p(np.array([125.0, 7500.0]) / 700)), 66)[1:-1]
    assert np.all(np.abs(edges[mel[0, 0].argmax(1)] - 1127 * np.log1p(1000.0 / 700)) < np.diff(edges)[0])


def test_silence_is_the_offset_and_a_piece_of_another_length_is_refused() -> None:
    assert np.allclose(patch_mel(np.zeros(PATCH, np.float32)), np.log(0.001))
    with pytest.raises(ValueError, match=f"{PATCH} samples"):
        patch_mel(np.zeros(PATCH + 1, np.float32))


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    found = Bundle(bundle_dir)
    if not found.has("audio_events"):
        pytest.skip("the bundle has no role audio_events")
    return found


@pytest.mark.bundle
def test_how_sound_arrives_changes_nothing(bundle: Bundle) -> None:
    sound = at(NOISE[: 4 * SAMPLE_RATE_HZ], -20.0)
    whole = AudioEvents(bundle).step(Audio(5.0, sound))
    events, parts = AudioEvents(bundle), list[AudioEventScores]()
    for start in range(0, len(sound), 512):
        parts += events.step(Audio(5.0 + start / SAMPLE_RATE_HZ, sound[start : start + 512]))
    assert [one.scores for one in parts] == [one.scores for one in whole]
    assert [one.t_s for one in parts] == pytest.approx([one.t_s for one in whole])
    assert whole[0].t_s == pytest.approx(5.0 + PATCH / SAMPLE_RATE_HZ)
    assert whole[1].t_s - whole[0].t_s == pytest.approx(HOP / SAMPLE_RATE_HZ)


@pytest.mark.bundle
def test_only_what_is_louder_than_the_room_is_judged(bundle: Bundle) -> None:
    events = AudioEvents(bundle)
    hum = events.step(Audio(0.0, at(np.tile(NOISE, 4), -40.0)))
    assert all(one.scores for one in hum[:120]), "what this room is usually like is not known yet"
    assert not any(one.scores for one in hum[126:])
    loud = events.step(Audio(80.0, at(tone(600.0, 3.0), -20.0)))
    assert all(one.scores for one in loud[3:])
    assert AudioEvents(bundle).step(Audio(0.0, np.zeros(3 * SAMPLE_RATE_HZ, np.float32)))[0].scores == {}


@pytest.mark.bundle
def test_a_gap_joins_nothing(bundle: Bundle) -> None:
    events, short = AudioEvents(bundle), at(NOISE[: SAMPLE_RATE_HZ // 2], -20.0)
    assert events.step(Audio(0.0, short)) == []
    assert events.step(Audio(9.0, short)) == []


@pytest.mark.bundle
@pytest.mark.data
@pytest.mark.parametrize(
    ("files", "going"),
    [
        ("cry/1-22694-A.opus", {"crying"}),
        ("cry/3-151081-A.opus", {"crying"}),
        ("laugh/laugh_2_11.opus", {"laughter"}),
        ("noise/3-51376-A.opus", {"alarm"}),
        ("noise/3-216284-A.opus", {"breaking"}),
        ("noise/3-124795-A.opus", set()),
        ("noise/3-174840-A.opus", {"horn"}),
        ("silence/silence_10.opus", set()),
    ],
)
def test_real_sounds(bundle: Bundle, data_dir: Path, files: str, going: set[str]) -> None:
    events, unusual, heard = AudioEvents(bundle), AudioAnomalies(), set[str]()
    for one in events.step(Audio(0.0, read(data_dir / "audio_events" / files))):
        unusual.hear([one])
        heard |= unusual.going
    assert heard == going
