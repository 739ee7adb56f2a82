"""The words for a score: seven emotions and five polarities; `edge.i18n` has them in other languages.

The emotion words and their bounds are those of the published system EMVAS, half-open upwards; the polarities are the
five classes of CH-SIMS, half-open downwards. A word names a range of one number: a score of -0.8 is called `angry`
without anybody having told anger from fear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """The name of a range of scores."""

    below: float
    """Upper bound of the range; the last one includes it."""
    en: str


EMOTIONS = (
    Word(-0.7, "angry"),
    Word(-0.4, "anxious"),
    Word(-0.1, "tired"),
    Word(0.1, "neutral"),
    Word(0.4, "relaxed"),
    Word(0.7, "happy"),
    Word(1.0, "excited"),
)
"""A bound belongs to the word above it: -0.7 is `anxious`."""

POLARITIES = (
    Word(-0.7, "negative"),
    Word(-0.1, "weakly negative"),
    Word(0.1, "neutral"),
    Word(0.7, "weakly positive"),
    Word(1.0, "positive"),
)
"""A bound belongs to the word below it: -0.7 is `negative`."""

_EMOTION_BOUNDS = [word.below for word in EMOTIONS[:-1]]
_POLARITY_BOUNDS = [word.below for word in POLARITIES[:-1]]


def emotion(score: float) -> Word:
    """The emotion word of a score in -1..1."""
    return EMOTIONS[bisect_right(_EMOTION_BOUNDS, score)]


def polarity(score: float) -> Word:
    """The polarity of a score in -1..1."""
    return POLARITIES[bisect_left(_POLARITY_BOUNDS, score)]
