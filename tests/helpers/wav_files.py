"""Sound as a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32


def write_wav(path: Path, samples: Float32) -> Path:
    """Write mono sound of 16 bits and return the path."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
