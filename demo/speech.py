"""Synthetic speech from espeak-ng, whose library and voices the package espeakng-loader carries."""

from __future__ import annotations

import ctypes
from functools import cache

import espeakng_loader
import numpy as np
from av import AudioFrame, AudioResampler

from edge.messages import SAMPLE_RATE_HZ, Float32

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
"""Constants of espeak-ng's speak_lib.h: output mode, initialisation flag, text flag, parameters."""

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class SpeechError(RuntimeError):
    """espeak-ng does not work here."""


def say(text: str, words_per_minute: int = 155, pitch: int = 55, liveliness: int = 60) -> Float32:
    """Return `text` spoken by the English voice: mono at SAMPLE_RATE_HZ, -1..1.

    `pitch` and `liveliness` (range of the melody) go from 0 to 100. espeak-ng carries its phase from
    one text to the next, so the same texts in the same order from the start of a process give the same samples.
    """
    library, rate_hz = _library()
    blocks: list[np.ndarray] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count:
            blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, liveliness)):
        library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode() + b"\0"
    failed = library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF8, None, None)
    if failed or not blocks:
        raise SpeechError(f"espeak-ng gave no sound for {text!r} (code {failed})")
    return _resample(np.concatenate(blocks), rate_hz)


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    data = espeakng_loader.get_data_path()
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
    if rate_hz <= 0 or library.espeak_SetVoiceByName(b"en-us") != 0:
        raise SpeechError(
            f"espeak-ng cannot read its voices in {data}: paths over about 150 characters are too long for it; "
            "put the environment into a folder with a shorter path"
        )
    return library, rate_hz


def _resample(samples: np.ndarray, rate_hz: int) -> Float32:
    frame = AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = rate_hz
    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    parts = [part.to_ndarray()[0] for block in (frame, None) for part in resampler.resample(block)]
    return np.concatenate(parts).astype(np.float32)
