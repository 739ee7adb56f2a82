"""The log-mel spectrogram while the sound arrives: Whisper's bands and frames, without its look at the loudest one."""

from __future__ import annotations

import numpy as np

from edge.messages import Float32
from edge.speech.log_mel import FFT_SAMPLES, HOP_SAMPLES, MEL_BANDS, band_logs, scaled

_BEFORE = FFT_SAMPLES // 2
_AFTER = FFT_SAMPLES - _BEFORE - HOP_SAMPLES
"""Silence around the sound: with both there is one frame for every whole 10 ms, its middle where the 10 ms begin."""


class MelStream:
    """Sound in, frames out as soon as the sound they need is there; how it is cut changes nothing."""

    def __init__(self) -> None:
        self._rest = np.zeros(_BEFORE, np.float32)

    def step(self, samples: Float32) -> Float32:
        """The frames [n, MEL_BANDS] that became complete."""
        sound = np.concatenate([self._rest, samples])
        if len(sound) < FFT_SAMPLES:
            self._rest = sound
            return np.zeros((0, MEL_BANDS), np.float32)
        pieces = np.lib.stride_tricks.sliding_window_view(sound, FFT_SAMPLES)[::HOP_SAMPLES]
        self._rest = sound[len(pieces) * HOP_SAMPLES :].copy()
        return np.ascontiguousarray(scaled(band_logs(pieces)).T)

    def finish(self) -> Float32:
        """The last frames of the sound; the next sound may follow."""
        frames = self.step(np.zeros(_AFTER, np.float32))
        self._rest = np.zeros(_BEFORE, np.float32)
        return frames


def streamed_log_mel(samples: Float32) -> Float32:
    """The whole spectrogram [frames, MEL_BANDS] of mono sound at 16 kHz, one frame for every whole 10 ms."""
    stream = MelStream()
    return np.concatenate([stream.step(samples), stream.finish()])
