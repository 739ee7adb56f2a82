"""Real speech for parity and golden inputs, from a pinned archive."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32


def read_speech(path: Path, seconds: float) -> Float32:
    """The first `seconds` of a sound file, mono, at `SAMPLE_RATE_HZ`."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as sound:
        frames = [part for frame in sound.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)
    return samples[: round(seconds * SAMPLE_RATE_HZ)]
