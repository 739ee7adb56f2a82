"""Audio without words: noise of several colours and levels, and the pauses of recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.segmenter import WINDOW, VoiceActivity

_COLOURS = {"white": 0.0, "pink": 0.5, "brown": 1.0}
"""Amplitude falls with this power of the frequency."""
_MAINS_HZ = 50.0
_SPEECH = 0.05
_MARGIN = 6
"""A pause has a speech probability below `_SPEECH` in this many windows of 32 ms before and after, too."""


def noises(duration_s: float, levels_db: Iterable[float], seed: int = 0) -> Iterator[tuple[str, Float32]]:
    """Named noises of every colour and a mains hum at each RMS level in dBFS, and digital silence."""
    generator = np.random.default_rng(seed)
    length = round(duration_s * SAMPLE_RATE_HZ)
    for level_db in levels_db:
        for colour, power in _COLOURS.items():
            yield f"{colour} {duration_s:g} s {level_db:g} dB", _at(_coloured(generator, length, power), level_db)
        yield f"hum {duration_s:g} s {level_db:g} dB", _at(_hum(length), level_db)
    yield f"silence {duration_s:g} s", np.zeros(length, np.float32)


def _coloured(generator: np.random.Generator, length: int, power: float) -> np.ndarray:
    spectrum = np.fft.rfft(generator.standard_normal(length))
    return np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 1) ** power, length)


def _hum(length: int) -> np.ndarray:
    t_s = np.arange(length) / SAMPLE_RATE_HZ
    return sum(np.sin(2 * np.pi * _MAINS_HZ * harmonic * t_s) / harmonic for harmonic in range(1, 8))


def _at(sound: np.ndarray, level_db: float) -> Float32:
    return np.clip(sound / sound.std() * 10 ** (level_db / 20), -1, 1).astype(np.float32)


def pauses(bundle: Bundle, recordings: Iterable[Float32], stretch_s: float) -> Iterator[Float32]:
    """What lies between the words of `recordings`, joined to stretches of `stretch_s` seconds."""
    heard: list[Float32] = []
    activity = VoiceActivity(bundle)
    length = round(stretch_s * SAMPLE_RATE_HZ)
    for samples in recordings:
        activity.reset()
        windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
        speech = np.array([activity.step(window) > _SPEECH for window in windows])
        near = np.convolve(speech, np.ones(2 * _MARGIN + 1), mode="same") > 0
        heard.append(windows[~near].ravel())
    joined = np.concatenate(heard)
    for start in range(0, len(joined) - length + 1, length):
        yield joined[start : start + length]
