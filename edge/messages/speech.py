"""Speech, transcripts, and the affect fused from voice, words and face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Speech:
    """An interval of speech."""

    kind: ClassVar[str] = "speech"
    t_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one utterance; `language` is an ISO 639-1 code, `confidence` the mean token probability.

    In a language that is not transcribed `text` is empty, and `confidence` is the probability of the language.
    """

    kind: ClassVar[str] = "transcript"
    t_s: float
    start_s: float
    end_s: float
    text: str
    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Affect:
    """Fused affect of an utterance or, without speech, of a window; a modality that was absent is None."""

    kind: ClassVar[str] = "affect"
    t_s: float
    start_s: float
    end_s: float
    score: float
    """-1 negative to 1 positive, the CH-SIMS scale."""
    emotion: str
    polarity: str
    modalities: Mapping[str, float | None]
    confidence: float
    track: int | None = None
    mood: float | None = None
    """This person's smoothed scores; a jump is followed at once. None for an unknown person."""
    arousal: float | None = None
    """-1 calm to 1 excited, by the voice; None without a voice."""
    arousal_confidence: float = 0.0
    """0..1, how well the speaker's usual voice is known; low for the first utterance, compared with other speakers."""
