"""Augmentation of audio and spectrogram that keeps the transcript: one random generator per utterance and epoch."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32
from training.asr.settings import Augment, Noise, SpecAugment

Generator = np.random.Generator
_SPEED_STEPS = 100
"""Speeds are rounded to hundredths, so that the resampling filter stays short."""


def augment_sound(samples: Float32, augment: Augment, noises: Callable[[int], Float32], rng: Generator) -> Float32:
    """Speed, shift, noise, volume, in this order; `noises` gives a noise by its number."""
    if augment.speed:
        samples = at_speed(samples, float(rng.choice(augment.speed)))
    if augment.shift_ms:
        samples = shifted(samples, rng.uniform(-augment.shift_ms, augment.shift_ms))
    if augment.noise and rng.random() < augment.noise.probability:
        samples = _with_noise(samples, augment.noise, noises, rng)
    if augment.volume_db:
        samples = samples * np.float32(10 ** (rng.uniform(*augment.volume_db) / 20))
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


def at_speed(samples: Float32, speed: float) -> Float32:
    """The audio `speed` times as fast; the pitch changes too."""
    ratio = Fraction(round(speed * _SPEED_STEPS), _SPEED_STEPS)
    if ratio == 1:
        return samples
    from scipy.signal import resample_poly  # takes seconds to load, and not every run changes the speed

    faster: Float32 = resample_poly(samples, ratio.denominator, ratio.numerator).astype(np.float32)
    return faster


def shifted(samples: Float32, shift_ms: float) -> Float32:
    """The audio after some silence, or for a negative shift without its beginning.

    Only samples 40 dB below the loudest one are cut, so that no word is lost.
    """
    count = round(abs(shift_ms) * SAMPLE_RATE_HZ / 1000)
    if shift_ms >= 0:
        return np.pad(samples, (count, 0))
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max(initial=0.0))
    quiet = int(loud[0]) if len(loud) else 0
    return samples[min(count, quiet) :]


def mixed(samples: Float32, noise: Float32, signal_to_noise_db: float) -> Float32:
    """The audio with `noise`, repeated to its length, at a given ratio of powers; silence stays unchanged."""
    power, noise_power = float(np.square(samples).mean()), float(np.square(noise).mean())
    if not power or not noise_power:
        return samples
    gain = np.sqrt(power / noise_power / 10 ** (signal_to_noise_db / 10))
    return samples + np.float32(gain) * np.resize(noise, len(samples))


def striped(mel: Float32, spec: SpecAugment, rng: Generator) -> Float32:
    """The spectrogram [frames, bands] with stripes of its mean."""
    changed = mel.copy()
    mean = mel.mean()
    for axis, stripes, widest in (
        (1, spec.band_stripes, spec.band_width),
        (0, spec.time_stripes, int(spec.time_share * len(mel))),
    ):
        for _ in range(stripes):
            width = int(rng.integers(0, min(widest, mel.shape[axis]) + 1))
            start = int(rng.integers(0, mel.shape[axis] - width + 1))
            np.moveaxis(changed, axis, 0)[start : start + width] = mean
    return changed


def _with_noise(samples: Float32, noise: Noise, noises: Callable[[int], Float32], rng: Generator) -> Float32:
    if noise.files is None:
        other = rng.standard_normal(len(samples), dtype=np.float32)
    else:
        other = noises(int(rng.integers(1 << 31)))
        other = np.roll(other, -int(rng.integers(len(other))))
    return mixed(samples, other, rng.uniform(*noise.signal_to_noise_db))
