"""Late fusion: the weighted mean of the scores of the present modalities, and the emotion and polarity of a score.

This is the baseline that a trained fusion has to beat. Each modality is taken as a measurement of the same score that
correlates with it by r; its weight is r^2 / (1 - r^2), which is optimal for independent errors. An absent modality
changes only the weights and the confidence.

The emotion labels and their bounds are those of the published system EMVAS, half-open upwards. The polarities are the
five classes of CH-SIMS, half-open downwards. A label names a range of one number: a score of -0.8 is called `angry`,
although no model distinguished anger from fear.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MODALITIES = ("text", "audio", "vision")

RELIABILITY = {"text": 0.60, "audio": 0.34, "vision": 0.50}
"""Correlation of a modality's score with the felt one, as assumed for real talk.

Text: .604, ridge on the text of CMU-MOSI, which is real talk. Audio: .59 on EmoDB speakers left out, which is acted.
Vision: .71 on labelled stills, which are posed. Figures of acted and posed data are too good for real life and count
squared.
"""

LEAST_QUALITY = 0.01
"""Scores of less quality are left out."""


@dataclass(frozen=True, slots=True)
class ModalityScore:
    """The score of one modality."""

    score: float
    """-1 negative to 1 positive."""
    quality: float = 1.0
    """0..1: how much of the usual evidence there was (share of usable frames, certainty of the transcript,
    how well the voice is known)."""


@dataclass(frozen=True, slots=True)
class Fused:
    """The score of all present modalities together."""

    score: float
    confidence: float
    """Expected correlation of `score` with the felt one, 0..1: .6 for good text alone, .7 with all three."""
    modalities: Mapping[str, float | None]
    """Score of each modality, None if it was absent."""


def fuse(evidence: Mapping[str, ModalityScore | None]) -> Fused | None:
    """Fuse the scores; None if no modality is present."""
    present = {
        name: item for name in MODALITIES if (item := evidence.get(name)) is not None and item.quality >= LEAST_QUALITY
    }
    if not present:
        return None
    weights = {name: _precision(RELIABILITY[name]) * item.quality for name, item in present.items()}
    total = sum(weights.values())
    mean = sum(weights[name] * item.score for name, item in present.items()) / total
    scores = [item.score for item in present.values()]
    return Fused(
        score=min(max(mean, min(scores)), max(scores)),
        confidence=(total / (1 + total)) ** 0.5,
        modalities={name: present[name].score if name in present else None for name in MODALITIES},
    )


def combination(names: Iterable[str]) -> str:
    """The name of a set of modalities, such as `text+vision`: the key of figures measured with them."""
    known = set(names)
    return "+".join(name for name in MODALITIES if name in known)


def _precision(correlation: float) -> float:
    return correlation**2 / (1 - correlation**2)


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
