"""What was said, and the affect of it: voice, words and face as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Speech:
    """Somebody spoke."""

    kind: ClassVar[str] = "speech"
    t_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one utterance; `language` is an ISO 639-1 code, `confidence` the mean token probability.

    In a language whose words are not wanted `text` is empty, and `confidence` the language's own probability.
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
    """The scores of this person so far, smoothed; a jump is followed at once. None for somebody unknown."""
    arousal: float | None = None
    """-1 calm to 1 excited, by the voice; None where none was heard."""
    arousal_confidence: float = 0.0
    """0..1, how well the voice's habit is known: low for its first utterance, which is compared with strangers."""
