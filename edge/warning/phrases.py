"""Spoken phrases that follow the tones of a signal: WAV files of the user, checked when they are loaded."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import av
import numpy as np

from edge.error import EmvasError
from edge.i18n.texts import LANGUAGES, Language, Sentence
from edge.messages import Float32
from edge.warning.signals import Signal

SHORTEST_S, LONGEST_S = 0.3, 2.5
"""Shorter phrases hold no word; longer ones delay the next tones too much."""
SLOWEST_HZ, FASTEST_HZ = 16_000, 48_000
"""Below 16 kHz consonants are lost; no speaker of a cab needs more than 48 kHz."""
LEAST_DB, MOST_DB = -30.0, -6.0
"""Root mean square of full scale: softer speech is lost beside the tones, louder speech is distorted."""
_FULL, _CLIPPED_SHARE = 0.999, 0.001
_SIGNALS: tuple[Signal, ...] = get_args(Signal)


class PhraseError(EmvasError):
    """A phrase that cannot be used; the message names the file, what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One spoken phrase, mono."""

    samples: Float32
    rate_hz: int

    def at(self, rate_hz: int) -> Float32:
        """The samples for a device of this rate."""
        if rate_hz == self.rate_hz:
            return self.samples
        resampler = av.AudioResampler("flt", "mono", rate_hz)
        frame = av.AudioFrame.from_ndarray(self.samples[None], "flt", "mono")
        frame.sample_rate = self.rate_hz
        parts = [part.to_ndarray()[0] for piece in (frame, None) for part in resampler.resample(piece)]
        return np.asarray(np.clip(np.concatenate(parts), -1.0, 1.0), np.float32)


def load_phrases(folder: Path, language: Language) -> dict[Signal, Phrase]:
    """The phrases of one language, from files such as `critical.zh.wav`.

    Raises:
        PhraseError: the folder has none in this language, or one of its WAV files cannot be used.
    """
    try:
        files = sorted(folder.glob("*.wav")) if folder.is_dir() else []
        found = {_name(file): _read(file) for file in files}
    except OSError as error:
        raise PhraseError(Sentence("phrase_unreadable", file=str(folder), error=str(error))) from error
    phrases = {signal: phrase for (signal, spoken), phrase in found.items() if spoken == language}
    if not phrases:
        raise PhraseError(Sentence("phrases_none", folder=str(folder), language=language))
    return phrases


def _name(file: Path) -> tuple[Signal, Language]:
    name, _, language = file.stem.partition(".")
    for signal in _SIGNALS:
        for known in LANGUAGES:
            if (name, language) == (signal, known):
                return signal, known
    raise PhraseError(
        Sentence("phrase_name", file=str(file), signals=", ".join(_SIGNALS), languages=", ".join(LANGUAGES))
    )


def _read(file: Path) -> Phrase:
    try:
        with wave.open(str(file), "rb") as sound:
            form = sound.getnchannels(), 8 * sound.getsampwidth(), sound.getframerate()
            content = sound.readframes(round(FASTEST_HZ * LONGEST_S) + 1)
    except (OSError, EOFError, wave.Error) as error:
        raise PhraseError(Sentence("phrase_unreadable", file=str(file), error=str(error))) from error
    channels, bits, rate_hz = form
    if (channels, bits) != (1, 16) or not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise PhraseError(
            Sentence(
                "phrase_form", file=str(file), channels=channels, bits=bits, rate=rate_hz, least=SLOWEST_HZ,
                most=FASTEST_HZ,
            )
        )  # fmt: skip
    samples = np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float32) / 32768.0
    length_s = len(samples) / rate_hz
    if not SHORTEST_S <= length_s <= LONGEST_S:
        raise PhraseError(Sentence("phrase_length", file=str(file), seconds=length_s, least=SHORTEST_S, most=LONGEST_S))
    db = 10 * float(np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))
    if not LEAST_DB <= db <= MOST_DB or np.mean(np.abs(samples) >= _FULL) > _CLIPPED_SHARE:
        raise PhraseError(Sentence("phrase_loudness", file=str(file), db=round(db), least=LEAST_DB, most=MOST_DB))
    return Phrase(samples, rate_hz)
