"""The labels of a score: seven emotions and five polarities, in English and Chinese.

The emotion labels and their bounds are those of the published system EMVAS, half-open upwards; the polarities are the
five classes of CH-SIMS, half-open downwards. A label names a range of one number: a score of -0.8 is called `angry`,
although no model told anger from fear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScoreLabel:
    """The name of a range of scores."""

    below: float
    """Upper bound of the range; the last one includes it."""
    en: str


EMOTIONS = (
    ScoreLabel(-0.7, "angry"),
    ScoreLabel(-0.4, "anxious"),
    ScoreLabel(-0.1, "tired"),
    ScoreLabel(0.1, "neutral"),
    ScoreLabel(0.4, "relaxed"),
    ScoreLabel(0.7, "happy"),
    ScoreLabel(1.0, "excited"),
)
"""A bound belongs to the label above it: -0.7 is `anxious`."""

POLARITIES = (
    ScoreLabel(-0.7, "negative"),
    ScoreLabel(-0.1, "weakly negative"),
    ScoreLabel(0.1, "neutral"),
    ScoreLabel(0.7, "weakly positive"),
    ScoreLabel(1.0, "positive"),
)
"""A bound belongs to the label below it: -0.7 is `negative`."""

_EMOTION_BOUNDS = [word.below for word in EMOTIONS[:-1]]
_POLARITY_BOUNDS = [word.below for word in POLARITIES[:-1]]


def emotion(score: float) -> ScoreLabel:
    """The emotion label of a score in -1..1."""
    return EMOTIONS[bisect_right(_EMOTION_BOUNDS, score)]


def polarity(score: float) -> ScoreLabel:
    """The polarity of a score in -1..1."""
    return POLARITIES[bisect_left(_POLARITY_BOUNDS, score)]
