"""The voice in one utterance: pitch frame by frame (YIN), and features of pitch, loudness, timbre and rhythm.

The features follow the extended Geneva minimalistic set (Eyben et al., IEEE Trans. Affective Computing 7(2), 2016)
where it needs no formants. Cepstra are left out: they carry the room and the corpus more than the feeling. The pitch is
that of de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator for speech and music", JASA 111(4), 2002.
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
FEATURES = (
    "pitch_st",
    "pitch_range_st",
    "pitch_slope_st_s",
    "pitch_jitter",
    "level_db",
    "level_range_db",
    "level_change_db",
    "shimmer_db",
    "periodicity",
    "tilt_db_octave",
    "alpha_ratio_db",
    "hammarberg_db",
    "centroid_hz",
    "flux",
    "voiced_share",
    "syllables_hz",
    "voiced_run_s",
)
"""Order of the features. st: semitones above 27.5 Hz; dB: below full scale; medians over the voiced frames."""
LEAST_VOICED = 20
"""Least voiced frames (0.2 s) of an utterance with features."""
_FLOOR_DB = -90.0
_SPEECH_RANGE_DB = 35.0
"""A frame this far under the loudest ones is a pause, not voice."""
_SYLLABLE_DB = 2.0
"""Dip of the loudness curve that separates two syllables (Mermelstein, JASA 58(4), 1975)."""
_REFERENCE_HZ = 27.5
_FRAME_S = HOP / SAMPLE_RATE_HZ
_SIZE = 1024
_FREQUENCIES = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE_HZ)
_WINDOW = np.hanning(FRAME)


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """One value a frame of `HOP` samples."""

    hz: Floats
    """Fundamental frequency; meaningful where `voiced`."""
    aperiodicity: Floats
    """0 a perfect period to 1 noise."""
    voiced: npt.NDArray[np.bool_]


def frames_of(samples: Float32) -> Float32:
    """The audio as overlapping frames (n, `FRAME`), n = 0 if it is shorter than one."""
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


@dataclass(frozen=True, slots=True)
class VoiceFrames:
    """An utterance frame by frame (`HOP` samples); timbre and flux hold the voiced frames only, in their order."""

    level_db: Floats
    loud: npt.NDArray[np.bool_]
    """Not a pause."""
    voiced: npt.NDArray[np.bool_]
    pitch: PitchTrack
    timbre: Floats
    """(voiced, 4): tilt in dB per octave, alpha ratio and Hammarberg index in dB, centroid in Hz."""
    flux: Floats
    """(voiced,): change of the spectrum since the voiced frame before, 0 for the first."""

    @property
    def semitones(self) -> Floats:
        """Pitch of every frame above 27.5 Hz; meaningful where `voiced`."""
        return np.asarray(12 * np.log2(self.pitch.hz / _REFERENCE_HZ))


def voice_frames(samples: Float32) -> VoiceFrames | None:
    """Analyse one utterance; None with less than 0.2 s of voice in it."""
    frames = frames_of(samples)
    track = track_pitch(frames)
    level = _level_db(frames)
    if not len(level):
        return None
    loud = level > max(float(np.percentile(level, 95)) - _SPEECH_RANGE_DB, _FLOOR_DB)
    voiced = _without_octave_jumps(track, track.voiced & loud)
    if int(voiced.sum()) < LEAST_VOICED:
        return None
    spectrum = np.square(np.abs(np.fft.rfft(frames[voiced] * _WINDOW, _SIZE)))
    return VoiceFrames(level, loud, voiced, track, *_timbre(spectrum))


def measure(samples: Float32) -> Floats | None:
    """The features of one utterance in the order of `FEATURES`, or None with less than 0.2 s of voice in it."""
    frames = voice_frames(samples)
    return None if frames is None else summary(frames)


def summary(frames: VoiceFrames) -> Floats:
    """The features of an analysed utterance in the order of `FEATURES`."""
    voiced, loud, level = frames.voiced, frames.loud, frames.level_db
    speech = loud[int(np.argmax(loud)) : len(loud) - int(np.argmax(loud[::-1]))]
    values = (
        *_pitch(frames),
        *_loudness(level, voiced),
        1.0 - float(np.median(frames.pitch.aperiodicity[voiced])),
        *(float(np.median(column)) for column in frames.timbre.T),
        float(np.mean(frames.flux[1:])),
        float(voiced.sum()) / len(speech),
        _syllable_rate(level[loud.argmax() :][: len(speech)]),
        float(voiced.sum()) / _runs(voiced) * _FRAME_S,
    )
    return np.array(values)


def _level_db(frames: Float32) -> Floats:
    power = np.mean(np.square(frames, dtype=np.float64), axis=1) if len(frames) else np.zeros(0)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DB / 10))))


def _without_octave_jumps(track: PitchTrack, voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Drop frames more than 0.8 octaves from the median: halved and doubled periods, not intonation."""
    if not voiced.any():
        return voiced
    octaves = np.log2(track.hz / np.median(track.hz[voiced]))
    return np.asarray(voiced & (np.abs(octaves) < 0.8))


def _pitch(frames: VoiceFrames) -> tuple[float, float, float, float]:
    """Median, 20-80 % range, mean steepness and cycle-to-cycle change of the pitch."""
    voiced, semitones = frames.voiced, frames.semitones
    together = voiced[1:] & voiced[:-1]
    step = np.abs(np.diff(semitones))[together]
    period = 1 / frames.pitch.hz
    change = np.abs(np.diff(period))[together] / period[1:][together]
    low, high = np.percentile(semitones[voiced], [20, 80])
    slope = float(np.mean(step)) / _FRAME_S if len(step) else 0.0
    return float(np.median(semitones[voiced])), float(high - low), slope, float(np.median(change)) if len(step) else 0.0


def _loudness(level: Floats, voiced: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Median level and its 20-80 % range, mean change from frame to frame, and shimmer (its median)."""
    low, middle, high = np.percentile(level[voiced], [20, 50, 80])
    change = np.abs(np.diff(level))[voiced[1:] & voiced[:-1]]
    if not len(change):
        return float(middle), float(high - low), 0.0, 0.0
    return float(middle), float(high - low), float(np.mean(change)), float(np.median(change))


def _timbre(spectrum: Floats) -> tuple[Floats, Floats]:
    """`VoiceFrames.timbre` and `.flux` of the voiced frames' power spectra."""
    hz = _FREQUENCIES
    band = (hz >= 100) & (hz <= 5000)
    decibel = 10 * np.log10(np.maximum(spectrum[:, band], 1e-12))
    octaves = np.log2(hz[band])
    weights = (octaves - octaves.mean()) / np.square(octaves - octaves.mean()).sum()
    low, high = (hz >= 50) & (hz < 1000), (hz >= 1000) & (hz < 5000)
    alpha = 10 * np.log10(spectrum[:, high].sum(1) + 1e-12) - 10 * np.log10(spectrum[:, low].sum(1) + 1e-12)
    lower, upper = (hz >= 50) & (hz < 2000), (hz >= 2000) & (hz < 5000)
    hammarberg = 10 * np.log10((spectrum[:, lower].max(1) + 1e-12) / (spectrum[:, upper].max(1) + 1e-12))
    share = spectrum[:, band] / np.maximum(spectrum[:, band].sum(1, keepdims=True), 1e-12)
    flux = np.concatenate([[0.0], np.abs(np.diff(share, axis=0)).sum(1)])
    return np.stack([decibel @ weights, alpha, hammarberg, share @ hz[band]], axis=1), flux


def _syllable_rate(level: Floats) -> float:
    """Peaks of the loudness curve per second: a proxy of the speaking rate (voiced or not)."""
    smooth = np.convolve(level, np.ones(7) / 7, mode="valid")
    peaks, rising, extreme = 0, True, float(smooth[0]) if len(smooth) else 0.0
    for value in smooth.tolist():
        ahead = value - extreme if rising else extreme - value
        if ahead >= 0:
            extreme = value
        elif ahead < -_SYLLABLE_DB:
            peaks += rising
            rising, extreme = not rising, value
    return peaks / (len(level) * _FRAME_S)


def _runs(mask: npt.NDArray[np.bool_]) -> int:
    return int(mask[0]) + int(np.count_nonzero(mask[1:] & ~mask[:-1]))
