from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.speech.log_mel import HOP_SAMPLES, MEL_BANDS, log_mel, mel_filters

_RATE_HZ = 16_000
_REFERENCE = FeatureExtractor()


def test_the_filters_are_whispers():
    np.testing.assert_allclose(mel_filters(), _REFERENCE.mel_filters, atol=1e-8)


def test_those_of_the_large_ones_have_128_bands():
    reference = FeatureExtractor(feature_size=128)
    np.testing.assert_allclose(mel_filters(bands=128), reference.mel_filters, atol=1e-8)
    sound = np.random.default_rng(0).standard_normal(10 * _RATE_HZ).astype(np.float32)
    np.testing.assert_allclose(log_mel(sound, 10.0, 128), reference(sound, padding=0), atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12 * _RATE_HZ), st.sampled_from([1e-3, 0.1, 1.0]), st.integers(0, 9))
def test_it_equals_the_reference_at_any_length_and_level(length, level, seed):
    sound = (level * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)
    expected = _REFERENCE(np.pad(sound, (0, max(0, 10 * _RATE_HZ - length)))[: 10 * _RATE_HZ], padding=0)
    np.testing.assert_allclose(log_mel(sound, 10.0), expected, atol=1e-4)


@pytest.mark.parametrize("length", [0, 1, 199, 200, 201, 10 * _RATE_HZ - 1, 10 * _RATE_HZ, 11 * _RATE_HZ])
def test_the_shape_is_that_of_the_window(length):
    mel = log_mel(np.full(length, 0.1, np.float32), 10.0)
    assert mel.shape == (MEL_BANDS, 10 * _RATE_HZ // HOP_SAMPLES)
    assert mel.dtype == np.float32
    assert np.isfinite(mel).all()
