"""What the words of an utterance say about how the speaker feels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.text.encoder import TextEncoder
from edge.text.short_words import denies_a_fault, is_answer

LANGUAGES = ("zh", "en")
"""Those that the head was trained and tested in (docs/evidence/affect.md); of others nothing is claimed."""

ANSWER_WEIGHT = 0.1
"""Of an answer, against a sentence: who says `no` may well be annoyed, but the word does not tell."""
DENIAL_WEIGHT = 0.5
"""Of a denied fault: it is not negative, and how positive it is the head does not know."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The sentiment of one text."""

    score: float
    """-1 negative to 1 positive."""
    confidence: float
    """How likely the sign of `score` is right, .5 to 1: a score near 0 claims nothing."""
    embedding: Float32
    """The text's unit vector."""
    hidden: Float32 | None = None
    """Its tokens' vectors (tokens, width), where the bundle tells them."""
    weight: float = 1.0
    """0..1: how much its words say, against those of a sentence (`edge.text.short_words`)."""


class TextSentiment:
    """Texts in Chinese or English in, their sentiment out."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = TextEncoder(bundle)
        self._sharpness = float(bundle.role("text").preprocessing["sign_sharpness"])

    def score(self, text: str) -> Sentiment:
        """Score one text."""
        encoded = self._encoder.encode(text)
        found, weight = encoded.sentiment, 1.0
        if is_answer(text):
            weight = ANSWER_WEIGHT
        elif denies_a_fault(text):
            found, weight = max(found, 0.0), DENIAL_WEIGHT
        confidence = 1 / (1 + math.exp(-self._sharpness * weight * abs(found)))
        return Sentiment(found, confidence, encoded.embedding, encoded.hidden, weight)
