"""A voice made of pulses and formants: enough like speech for the real models, and no data needed."""

from __future__ import annotations

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32

_VOWELS = ((700, 1200, 2600), (300, 2300, 3000), (500, 1000, 2500), (400, 2000, 2600), (350, 800, 2400))
_SYLLABLE = SAMPLE_RATE_HZ // 4


def silence(duration_s: float) -> Float32:
    """A quiet room: noise at -60 dB."""
    noise = np.random.default_rng(7).standard_normal(round(duration_s * SAMPLE_RATE_HZ))
    return (0.001 * noise).astype(np.float32)


def voice(duration_s: float, pitch_hz: float = 120.0, seed: int = 0) -> Float32:
    """Four vowels a second with a moving pitch."""
    t = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    rng = np.random.default_rng(seed)
    pitch = pitch_hz * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * t) + 0.03 * np.sin(2 * np.pi * 5 * t))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE_HZ), prepend=0.0)
    sound = np.zeros(len(t))
    for start in range(0, len(t), _SYLLABLE):
        part = pulses[start : start + _SYLLABLE]
        part = part + 0.002 * rng.standard_normal(len(part))
        for formant_hz in _VOWELS[rng.integers(len(_VOWELS))]:
            part = _resonate(part, formant_hz)
        place = np.arange(len(part))
        envelope = np.clip(np.minimum(place / 800, (len(part) - place) / 1600), 0, 1)
        sound[start : start + _SYLLABLE] = part / max(np.abs(part).max(), 1e-9) * envelope
    return (0.3 * sound).astype(np.float32) + silence(duration_s)


def _resonate(samples: np.ndarray, formant_hz: float) -> np.ndarray:
    radius = np.exp(-np.pi * (80 + 0.03 * formant_hz) / SAMPLE_RATE_HZ)
    first, second = 2 * radius * np.cos(2 * np.pi * formant_hz / SAMPLE_RATE_HZ), -(radius**2)
    out = np.zeros(len(samples))
    one = two = 0.0
    for index, value in enumerate(samples):
        one, two = (1 - first - second) * value + first * one + second * two, one
        out[index] = one
    return out
