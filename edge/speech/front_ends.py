"""What a CTC model hears: the one table of front ends, each from mono sound at 16 kHz to [frames, bands] or samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import log_mel
from edge.speech.mel_stream import streamed_log_mel
from edge.speech.nemo_mel import nemo_mel

FrontEnd = Callable[[Float32, int], Float32]
"""From sound and the number of bands that the model wants."""

_VARIANCE_FLOOR = 1e-7
"""Added to the variance by the wav2vec 2.0 feature extractor of Hugging Face."""


def normalised(samples: Float32) -> Float32:
    """The sound with mean 0 and variance 1, as wav2vec 2.0 hears it (Baevski et al. 2020, section 4.1).

    Done here and not in the graph: the variance of quiet speech is lost in float16.
    """
    wide = samples.astype(np.float64)
    scaled: Float32 = ((wide - wide.mean()) / np.sqrt(wide.var() + _VARIANCE_FLOOR)).astype(np.float32)
    return scaled


STREAMED = "streamed_log_mel"
FRONT_ENDS: dict[str, FrontEnd] = {
    "samples": lambda samples, _: samples,
    "normalised_samples": lambda samples, _: normalised(samples),
    "nemo_mel": nemo_mel,
    "log_mel": lambda samples, _: log_mel(samples, len(samples) / SAMPLE_RATE_HZ).T,
    STREAMED: lambda samples, _: streamed_log_mel(samples),
}
"""`log_mel` is scaled by the loudest value of the utterance, which nobody knows before its end: what is to hear while
somebody speaks hears `STREAMED`."""
