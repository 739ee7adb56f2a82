"""Log-mel spectrograms in numpy, and `FRONT_ENDS`, the table of what a speech model gets as input.

Training, conversion and the appliance share them. Whisper (Radford et al. 2022, "Robust Speech Recognition via
Large-Scale Weak Supervision", section 2.2, and its reference code): 16 kHz, Hann window of 25 ms every 10 ms, 80 Slaney
mel bands (128 from large-v3 on), log10 kept within 8 of the loudest value, then (x + 4) / 4. `MelStream` gives the same
bands and frames while the audio arrives, without the look at the loudest value.

NVIDIA NeMo (Parakeet and others), constants of `AudioToMelSpectrogramPreprocessor` as Hugging Face's
`ParakeetFeatureExtractor` states them: first difference with .97, symmetric Hann window of 25 ms in 512 samples every
10 ms, Slaney mel bands, natural logarithm of the power plus 2^-24, then each band with mean 0 and deviation 1 over the
utterance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from edge.messages import SAMPLE_RATE_HZ, Float32

MEL_BANDS = 80
WHISPER_BANDS = (MEL_BANDS, 128)
"""Bands of Whisper models: 80 up to large-v2, 128 from large-v3 and its turbo on."""
FFT_SAMPLES = 400
HOP_SAMPLES = 160
_FLOOR = 1e-10
_DYNAMIC_RANGE = 8.0
_LINEAR_HZ = 200.0 / 3.0
"""Slaney's scale is linear, this many hertz a mel, up to `_BEND_HZ`, then logarithmic: 27 mels for a factor of 6.4."""
_BEND_HZ = 1000.0
_BEND_MEL = _BEND_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0
_STREAM_BEFORE = FFT_SAMPLES // 2
_STREAM_AFTER = FFT_SAMPLES - _STREAM_BEFORE - HOP_SAMPLES
"""Silence around the audio: with both there is one frame for every whole 10 ms, its middle where the 10 ms begin."""
NEMO_FFT_SAMPLES = 512
NEMO_WINDOW_SAMPLES = 400
PREEMPHASIS = 0.97
_LOG_GUARD = 2.0**-24
_DEVIATION_FLOOR = 1e-5
FrontEnd = Callable[[Float32, int], Float32]
"""From audio and the model's number of bands to its input."""
_VARIANCE_FLOOR = 1e-7
"""Added to the variance by the wav2vec 2.0 feature extractor of Hugging Face."""
STREAMED = "streamed_log_mel"


def log_mel(samples: Float32, window_s: float, bands: int = MEL_BANDS) -> Float32:
    """Return the spectrogram [bands, frames] of mono audio at 16 kHz, silence appended up to `window_s` seconds.

    Audio longer than the window is cut. The loudest value is that of the window.
    """
    length = round(window_s * SAMPLE_RATE_HZ)
    padded = np.zeros(length + FFT_SAMPLES, np.float32)
    audio = samples[:length]
    start = FFT_SAMPLES // 2
    padded[start : start + len(audio)] = audio
    padded[:start] = padded[start + 1 : 2 * start + 1][::-1]
    padded[start + length :] = padded[length - 1 : start + length - 1][::-1]
    used = min(-(-(len(audio) + start) // HOP_SAMPLES), length // HOP_SAMPLES)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[: used * HOP_SAMPLES : HOP_SAMPLES]
    logs = np.full((bands, length // HOP_SAMPLES), np.log10(_FLOOR), np.float32)
    logs[:, :used] = band_logs(frames, bands)
    return scaled(np.maximum(logs, logs.max() - _DYNAMIC_RANGE))


def band_logs(frames: Float32, bands: int = MEL_BANDS) -> Float32:
    """The log10 power [bands, n] of pieces of audio [n, FFT_SAMPLES]."""
    spectrum = np.fft.rfft(frames * _hann())
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32)
    logs: Float32 = np.log10(np.maximum(mel_filters(bands=bands) @ power.T, _FLOOR))
    return logs


def scaled(logs: Float32) -> Float32:
    """Log powers in the range of network inputs: speech at usual levels lies in -1..1.5."""
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


def _hz_to_mel(hz: float) -> float:
    return float(_BEND_MEL + np.log(hz / _BEND_HZ) / _LOG_STEP)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    bent: np.ndarray = _BEND_HZ * np.exp(_LOG_STEP * (mel - _BEND_MEL))
    return np.where(mel < _BEND_MEL, _LINEAR_HZ * mel, bent)


@functools.cache
def _hann() -> Float32:
    return np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)


class MelStream:
    """Audio in, frames out as soon as their audio is complete; the result does not depend on the chunks."""

    def __init__(self) -> None:
        self._rest = np.zeros(_STREAM_BEFORE, np.float32)

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
        """The last frames of this audio; new audio may follow."""
        frames = self.step(np.zeros(_STREAM_AFTER, np.float32))
        self._rest = np.zeros(_STREAM_BEFORE, np.float32)
        return frames


def streamed_log_mel(samples: Float32) -> Float32:
    """The whole spectrogram [frames, MEL_BANDS] of mono audio at 16 kHz, one frame for every whole 10 ms."""
    stream = MelStream()
    return np.concatenate([stream.step(samples), stream.finish()])


def nemo_mel(samples: Float32, bands: int) -> Float32:
    """Return the spectrogram [frames, bands] of mono audio at 16 kHz, one frame for every whole 10 ms.

    Raises:
        ValueError: the audio is shorter than two frames, so that the deviation is not known.
    """
    frames = len(samples) // HOP_SAMPLES
    if frames < 2:
        raise ValueError(f"{len(samples)} samples are less than two frames of {HOP_SAMPLES}: append silence")
    sharpened = np.append(samples[:1], samples[1:] - PREEMPHASIS * samples[:-1])
    padded = np.pad(sharpened, NEMO_FFT_SAMPLES // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, NEMO_FFT_SAMPLES)[::HOP_SAMPLES][:frames]
    side = (NEMO_FFT_SAMPLES - NEMO_WINDOW_SAMPLES) // 2
    spectrum = np.fft.rfft(pieces * np.pad(np.hanning(NEMO_WINDOW_SAMPLES), side))
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    logs = np.log(power @ mel_filters(NEMO_FFT_SAMPLES, bands).T.astype(np.float64) + _LOG_GUARD)
    scaled: Float32 = ((logs - logs.mean(0)) / (logs.std(0, ddof=1) + _DEVIATION_FLOOR)).astype(np.float32)
    return scaled


def normalised(samples: Float32) -> Float32:
    """The audio with mean 0 and variance 1, the input of wav2vec 2.0 (Baevski et al. 2020, section 4.1).

    Computed here and not in the graph: float16 loses the variance of quiet speech.
    """
    wide = samples.astype(np.float64)
    scaled: Float32 = ((wide - wide.mean()) / np.sqrt(wide.var() + _VARIANCE_FLOOR)).astype(np.float32)
    return scaled


FRONT_ENDS: dict[str, FrontEnd] = {
    "samples": lambda samples, _: samples,
    "normalised_samples": lambda samples, _: normalised(samples),
    "nemo_mel": nemo_mel,
    "log_mel": lambda samples, _: log_mel(samples, len(samples) / SAMPLE_RATE_HZ).T,
    STREAMED: lambda samples, _: streamed_log_mel(samples),
}
"""`log_mel` is scaled by the loudest value of the utterance, which is known only at its end. Models that run during
speech use `STREAMED`."""
