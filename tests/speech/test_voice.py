"""Pitch and the features of a voice against sounds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from made_voice import silence, voice

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.voice import FEATURES, frames_of, measure, track_pitch


def tone(hz: float, duration_s: float = 1.0) -> Float32:
    """A buzz with ten harmonics."""
    t = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.1 * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 11))).astype(np.float32)


def features(samples: Float32) -> dict[str, float]:
    measured = measure(samples)
    assert measured is not None
    return dict(zip(FEATURES, measured, strict=True))


@pytest.mark.parametrize("hz", [75.0, 118.3, 200.0, 247.9, 410.0])
def test_the_pitch_of_a_buzz_is_found_within_half_a_percent(hz: float) -> None:
    track = track_pitch(frames_of(tone(hz)))
    assert track.voiced.all()
    np.testing.assert_allclose(track.hz, hz, rtol=0.005)


def test_noise_and_silence_have_no_pitch_and_no_features() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)).astype(np.float32)
    assert track_pitch(frames_of(noise)).voiced.mean() < 0.05
    assert measure(noise) is None
    assert measure(np.zeros(SAMPLE_RATE_HZ, np.float32)) is None
    assert measure(np.zeros(10, np.float32)) is None


def test_an_octave_is_twelve_semitones() -> None:
    low, high = features(tone(110.0)), features(tone(220.0))
    assert high["pitch_st"] - low["pitch_st"] == pytest.approx(12.0, abs=0.05)
    assert low["pitch_range_st"] < 0.05


def test_ten_times_the_amplitude_is_twenty_decibels_and_changes_nothing_else() -> None:
    soft, loud = features(0.1 * voice(2.0)), features(voice(2.0))
    assert loud["level_db"] - soft["level_db"] == pytest.approx(20.0, abs=0.1)
    for name in set(FEATURES) - {"level_db"}:
        assert loud[name] == pytest.approx(soft[name], rel=0.02, abs=0.02), name


def test_syllables_are_counted() -> None:
    assert features(voice(4.0))["syllables_hz"] == pytest.approx(4.0, abs=0.5)


def test_silence_around_speech_does_not_change_how_it_sounds() -> None:
    alone = features(voice(2.0))
    padded = features(np.concatenate([silence(0.3), voice(2.0), silence(0.3)]))
    for name in ("pitch_st", "level_db", "voiced_share", "syllables_hz", "centroid_hz"):
        assert padded[name] == pytest.approx(alone[name], rel=0.1), name


def test_a_brighter_voice_has_more_power_above_one_kilohertz() -> None:
    dark = voice(2.0)
    bright = np.diff(dark, prepend=np.float32(0)).astype(np.float32)
    assert features(bright)["alpha_ratio_db"] > features(dark)["alpha_ratio_db"] + 3
