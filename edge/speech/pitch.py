"""The pitch of a voice, frame by frame: YIN, vectorised over the frames.

de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator for speech and music", JASA 111(4), 2002.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.messages import SAMPLE_RATE_HZ, Float32

HOP = 160
"""Samples between frames: 10 ms."""
_SPAN = 512
"""Samples that are compared with their shifted selves: 32 ms, two periods at the lowest pitch."""
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 500.0
"""Pitch of speaking adults and children."""
_DIP = 0.15
"""Aperiodicity under which the first dip is taken for the period (the paper's threshold is .1 to .15)."""
_VOICED = 0.25
"""Aperiodicity above which a frame has no pitch."""
_SHORTEST, _LONGEST = int(SAMPLE_RATE_HZ / _HIGHEST_HZ), int(SAMPLE_RATE_HZ / _LOWEST_HZ)
FRAME = _SPAN + _LONGEST + 1
"""Samples of one frame."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """One value a frame of `HOP` samples."""

    hz: Floats
    """Fundamental frequency; meaningful where `voiced`."""
    aperiodicity: Floats
    """0 a perfect period to 1 noise."""
    voiced: npt.NDArray[np.bool_]


def frames_of(samples: Float32) -> Float32:
    """The sound as overlapping frames (n, `FRAME`), n = 0 when it is shorter than one."""
    if len(samples) < FRAME:
        return np.zeros((0, FRAME), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]


def track_pitch(frames: Float32) -> PitchTrack:
    """Estimate the pitch of frames (n, `FRAME`)."""
    if not len(frames):
        return PitchTrack(np.zeros(0), np.zeros(0), np.zeros(0, bool))
    normalised = _normalised_difference(frames)
    lag = _first_dip(normalised)
    rows = np.arange(len(frames))
    aperiodicity = np.clip(normalised[rows, lag], 0.0, 1.0)
    before, at, after = (normalised[rows, lag + step] for step in (-1, 0, 1))
    curve = before - 2 * at + after
    shift = np.where(curve > 1e-9, 0.5 * (before - after) / np.where(curve > 1e-9, curve, 1.0), 0.0)
    hz = SAMPLE_RATE_HZ / (lag + np.clip(shift, -0.5, 0.5))
    return PitchTrack(hz, aperiodicity, aperiodicity < _VOICED)


def _normalised_difference(frames: Float32) -> Floats:
    """Cumulative mean normalised difference (n, lags 0.._LONGEST) of the paper's equation 8."""
    signal = frames.astype(np.float64)
    size = 1 << (FRAME + _SPAN - 1).bit_length()
    spectrum = np.fft.rfft(signal, size)
    head = np.fft.rfft(signal[:, :_SPAN], size)
    correlation = np.fft.irfft(spectrum * np.conj(head), size)[:, : _LONGEST + 1]
    total = np.concatenate([np.zeros((len(signal), 1)), np.cumsum(np.square(signal), axis=1)], axis=1)
    energy = total[:, _SPAN : _SPAN + _LONGEST + 1] - total[:, : _LONGEST + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * correlation, 0.0)
    running = np.cumsum(difference[:, 1:], axis=1)
    lags = np.arange(1, _LONGEST + 1)
    result: Floats = np.ones_like(difference)
    result[:, 1:] = np.where(running > 1e-12, difference[:, 1:] * lags / np.maximum(running, 1e-12), 1.0)
    return result


def _first_dip(normalised: Floats) -> npt.NDArray[np.intp]:
    """The lag of the first local minimum under `_DIP`, else of the lowest point."""
    inner = normalised[:, _SHORTEST:_LONGEST]
    low = inner < _DIP
    falling = np.concatenate([inner[:, 1:] < inner[:, :-1], np.zeros((len(inner), 1), bool)], axis=1)
    dip = low & ~falling
    lag: npt.NDArray[np.intp] = np.where(dip.any(axis=1), dip.argmax(axis=1), inner.argmin(axis=1))
    return lag + _SHORTEST
