"""Whisper's log-mel spectrogram in numpy: the one front end of training, conversion and the appliance.

Constants and formulas: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2,
and its reference code: 16 kHz, Hann window of 25 ms every 10 ms, 80 Slaney mel bands (128 from large-v3 on), log10 kept
within 8 of the loudest value, then (x + 4) / 4.
"""

from __future__ import annotations

import functools

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32

MEL_BANDS = 80
WHISPER_BANDS = (MEL_BANDS, 128)
"""What Whispers hear: 80 bands up to large-v2, 128 from large-v3 and its turbo on."""
FFT_SAMPLES = 400
HOP_SAMPLES = 160
_FLOOR = 1e-10
_DYNAMIC_RANGE = 8.0


def log_mel(samples: Float32, window_s: float, bands: int = MEL_BANDS) -> Float32:
    """Return the spectrogram [bands, frames] of mono sound at 16 kHz, silence appended up to `window_s` seconds.

    Sound longer than the window is cut. The loudest value is that of the window.
    """
    length = round(window_s * SAMPLE_RATE_HZ)
    padded = np.zeros(length + FFT_SAMPLES, np.float32)
    heard = samples[:length]
    start = FFT_SAMPLES // 2
    padded[start : start + len(heard)] = heard
    padded[:start] = padded[start + 1 : 2 * start + 1][::-1]
    padded[start + length :] = padded[length - 1 : start + length - 1][::-1]
    used = min(-(-(len(heard) + start) // HOP_SAMPLES), length // HOP_SAMPLES)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[: used * HOP_SAMPLES : HOP_SAMPLES]
    logs = np.full((bands, length // HOP_SAMPLES), np.log10(_FLOOR), np.float32)
    logs[:, :used] = band_logs(frames, bands)
    return scaled(np.maximum(logs, logs.max() - _DYNAMIC_RANGE))


def band_logs(frames: Float32, bands: int = MEL_BANDS) -> Float32:
    """The log10 power [bands, n] of pieces of sound [n, FFT_SAMPLES]."""
    spectrum = np.fft.rfft(frames * _hann())
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32)
    logs: Float32 = np.log10(np.maximum(mel_filters(bands=bands) @ power.T, _FLOOR))
    return logs


def scaled(logs: Float32) -> Float32:
    """Log powers in the range that networks like: speech at usual levels lies in -1..1.5."""
    result: Float32 = (logs + 4.0) / 4.0
    return result


@functools.cache
def mel_filters(fft_samples: int = FFT_SAMPLES, bands: int = MEL_BANDS) -> Float32:
    """Slaney's mel filters of equal area, [bands, fft_samples / 2 + 1] (Auditory Toolbox, 1998)."""
    bins_hz = np.fft.rfftfreq(fft_samples, 1.0 / SAMPLE_RATE_HZ)
    edges_hz = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE_HZ / 2), bands + 2))
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    filters: Float32 = (np.maximum(triangles, 0.0) * 2.0 / (high - low)).astype(np.float32)
    return filters


_LINEAR_HZ = 200.0 / 3.0
"""Slaney's scale is linear, this many hertz a mel, up to `_BEND_HZ`, then logarithmic: 27 mels for a factor of 6.4."""
_BEND_HZ = 1000.0
_BEND_MEL = _BEND_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    return float(_BEND_MEL + np.log(hz / _BEND_HZ) / _LOG_STEP)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    bent: np.ndarray = _BEND_HZ * np.exp(_LOG_STEP * (mel - _BEND_MEL))
    return np.where(mel < _BEND_MEL, _LINEAR_HZ * mel, bent)


@functools.cache
def _hann() -> Float32:
    return np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)
