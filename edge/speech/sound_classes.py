"""What a second of sound is, by the classes of AudioSet: the bundle's optional role `audio_events` (YAMNet)."""

from __future__ import annotations

import functools

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Float32

ROLE = "audio_events"
FRAMES, BANDS = 96, 64
_FRAME, _HOP, _FFT = 400, 160, 512
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_OFFSET = 0.001
"""YAMNet's front end (Plakal and Ellis, tensorflow/models, `audioset/yamnet/params.py` and `features.py`): Hann window
of 25 ms every 10 ms, magnitudes in 64 HTK mel bands, and the natural logarithm of those plus .001."""
PATCH = _FRAME + (FRAMES - 1) * _HOP
"""Samples (.975 s) that are judged at once."""

CLASSES: dict[str, tuple[int, ...]] = {
    "crying": (19, 20),
    "screaming": (6, 7, 9, 10, 11),
    "laughter": (13, 14, 15, 16, 17, 18),
    "coughing": (42,),
    "breaking": (437, 463, 464),
    "cat": (76, 78, 80),
    "horn": (302, 303),
    "alarm": (304, 317, 318, 319, 382, 390, 391, 393, 394),
}
"""The box's sounds by the rows of YAMNet's `yamnet_class_map.csv`: crying, baby cry (not whimper and wail,
which dogs do as well); shout, bellow, yell, children shouting, screaming; six of laughter; cough; shatter, smash or
crash, breaking; cat, meow, caterwaul; a vehicle's horn, toot; car alarm, three sirens of vehicles, alarm, siren, civil
defence siren, smoke detector, fire alarm."""


class SoundClassifier:
    """Sound in, how likely each of the box's sounds is in it; no memory."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session(ROLE)

    def scores(self, samples: Float32) -> dict[str, float]:
        """The score 0..1 of each of `CLASSES` in `PATCH` samples: that of the likeliest class that it is made of."""
        found = self._session.run({"mel": patch_mel(samples)})["scores"][0]
        return {name: float(found[list(rows)].max()) for name, rows in CLASSES.items()}


def patch_mel(samples: Float32) -> Float32:
    """The log-mel spectrogram [1, 1, FRAMES, BANDS] of `PATCH` samples of mono sound at 16 kHz.

    Raises:
        ValueError: there are more or fewer samples.
    """
    if samples.shape != (PATCH,):
        raise ValueError(f"YAMNet hears {PATCH} samples of mono sound at once, not {samples.shape}")
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    magnitudes = np.abs(np.fft.rfft(frames * _hann(), _FFT)).astype(np.float32)
    bands: Float32 = np.log(magnitudes @ _filters() + np.float32(_OFFSET))
    return bands[None, None]


@functools.cache
def _filters() -> Float32:
    """TensorFlow's mel filters [bins, bands]: triangles of height 1 on the HTK scale, without the constant part."""
    mels = _mel(np.fft.rfftfreq(_FFT, 1.0 / SAMPLE_RATE_HZ))
    edges = np.linspace(_mel(np.array(_LOW_HZ)), _mel(np.array(_HIGH_HZ)), BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((mels[:, None] - low) / (centre - low), (high - mels[:, None]) / (high - centre))
    triangles[0] = 0.0
    filters: Float32 = np.maximum(triangles, 0.0).astype(np.float32)
    return filters


def _mel(hz: np.ndarray) -> np.ndarray:
    mels: np.ndarray = 1127.0 * np.log1p(hz / 700.0)
    return mels


@functools.cache
def _hann() -> Float32:
    return np.hanning(_FRAME + 1)[:-1].astype(np.float32)
