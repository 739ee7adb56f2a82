from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_voice import voice

from edge.messages import SAMPLE_RATE_HZ
from edge.speech.log_mel import HOP_SAMPLES, MEL_BANDS, MelStream, log_mel, streamed_log_mel

_SOUND = voice(0.6, seed=5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(_SOUND)), st.lists(st.integers(0, len(_SOUND)), max_size=8))
def test_how_the_sound_is_cut_changes_nothing(length, cuts):
    sound = _SOUND[:length]
    stream = MelStream()
    pieces = [stream.step(piece) for piece in np.split(sound, sorted(min(cut, length) for cut in cuts))]
    frames = np.concatenate([*pieces, stream.finish()])
    assert frames.shape == (length // HOP_SAMPLES, MEL_BANDS)
    np.testing.assert_allclose(frames, streamed_log_mel(sound), atol=1e-5)


def test_a_stream_begins_anew_after_its_end():
    stream = MelStream()
    first, second = (np.concatenate([stream.step(_SOUND), stream.finish()]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_inside_loud_sound_it_is_the_spectrogram_of_whisper():
    sound = _SOUND + 0.01 * np.random.default_rng(1).standard_normal(len(_SOUND)).astype(np.float32)
    whole = log_mel(sound, len(sound) / SAMPLE_RATE_HZ).T
    np.testing.assert_allclose(streamed_log_mel(sound)[2:-2], whole[2:-2], atol=1e-5)
