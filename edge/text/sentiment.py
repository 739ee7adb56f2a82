"""What the words of an utterance say about how the speaker feels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.text.encoder import TextEncoder

LANGUAGES = ("zh", "en")
"""Those that the head was trained and tested in (docs/evidence/affect.md); of others nothing is claimed."""


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


class TextSentiment:
    """Texts in Chinese or English in, their sentiment out."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = TextEncoder(bundle)
        self._sharpness = float(bundle.role("text").preprocessing["sign_sharpness"])

    def score(self, text: str) -> Sentiment:
        """Score one text."""
        encoded = self._encoder.encode(text)
        confidence = 1 / (1 + math.exp(-self._sharpness * abs(encoded.sentiment)))
        return Sentiment(encoded.sentiment, confidence, encoded.embedding, encoded.hidden)
