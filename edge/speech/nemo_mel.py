"""The log-mel spectrogram of NVIDIA NeMo's speech models, Parakeet among them, in numpy.

Constants: NeMo's `AudioToMelSpectrogramPreprocessor` as Hugging Face's `ParakeetFeatureExtractor` states them: first
difference with .97, symmetric Hann window of 25 ms in 512 samples every 10 ms, Slaney mel bands, natural logarithm of
the power plus 2^-24, then each band with mean 0 and deviation 1 over the utterance.
"""

from __future__ import annotations

import numpy as np

from edge.messages import Float32
from edge.speech.log_mel import HOP_SAMPLES, mel_filters

FFT_SAMPLES = 512
WINDOW_SAMPLES = 400
PREEMPHASIS = 0.97
_LOG_GUARD = 2.0**-24
_DEVIATION_FLOOR = 1e-5


def nemo_mel(samples: Float32, bands: int) -> Float32:
    """Return the spectrogram [frames, bands] of mono sound at 16 kHz, one frame for every whole 10 ms.

    Raises:
        ValueError: the sound is shorter than two frames, whose deviation is not known.
    """
    frames = len(samples) // HOP_SAMPLES
    if frames < 2:
        raise ValueError(f"{len(samples)} samples are less than two frames of {HOP_SAMPLES}: append silence")
    sharpened = np.append(samples[:1], samples[1:] - PREEMPHASIS * samples[:-1])
    padded = np.pad(sharpened, FFT_SAMPLES // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::HOP_SAMPLES][:frames]
    side = (FFT_SAMPLES - WINDOW_SAMPLES) // 2
    spectrum = np.fft.rfft(pieces * np.pad(np.hanning(WINDOW_SAMPLES), side))
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    logs = np.log(power @ mel_filters(FFT_SAMPLES, bands).T.astype(np.float64) + _LOG_GUARD)
    scaled: Float32 = ((logs - logs.mean(0)) / (logs.std(0, ddof=1) + _DEVIATION_FLOOR)).astype(np.float32)
    return scaled
