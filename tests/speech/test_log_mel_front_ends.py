from __future__ import annotations

import numpy as np
import pytest
from made_voice import silence, voice

from edge.messages import SAMPLE_RATE_HZ
from edge.speech.log_mel import FRONT_ENDS, nemo_mel

transformers = pytest.importorskip("transformers")


@pytest.mark.parametrize("samples", [voice(2.345, seed=3), silence(1.0)], ids=["voice", "silence"])
@pytest.mark.parametrize("bands", [80, 128])
def test_parakeet_hears_what_its_own_extractor_gives_it(samples, bands):
    extractor = transformers.ParakeetFeatureExtractor(feature_size=bands)
    theirs = extractor(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np")
    wanted = theirs["input_features"][0][: theirs["attention_mask"][0].sum()]
    np.testing.assert_allclose(nemo_mel(samples, bands), wanted, atol=2e-3)


@pytest.mark.parametrize("level", [1.0, 1e-3])
def test_wav2vec2_hears_what_its_own_extractor_gives_it(level):
    samples = level * voice(1.5, seed=2)
    theirs = transformers.Wav2Vec2FeatureExtractor()(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np")
    heard = FRONT_ENDS["normalised_samples"](samples, 1)
    np.testing.assert_allclose(heard, theirs["input_values"][0], atol=1e-5)
    assert heard.dtype == np.float32


def test_a_sound_of_less_than_two_frames_is_refused():
    with pytest.raises(ValueError, match="less than two frames"):
        nemo_mel(np.zeros(300, np.float32), 80)
