"""A facial expression as one number, read against the person's own resting face.

The expression model takes 16 % of neutral faces for angry or sad (docs/evidence/expressions.md), and people's faces
at rest differ, so an absolute negative is weak evidence. What counts is the change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from statistics import median

VALENCE = {
    "happy": 1.0,
    "neutral": 0.0,
    "surprise": 0.0,
    "fear": -0.6,
    "angry": -0.8,
    "sad": -0.8,
    "disgust": -0.8,
}
"""Where the expressions lie on the scale from -1 to 1; fear is often read into an open mouth."""

_MEMORY_S = 300
"""Seconds of face that make up the resting face."""
_PRIOR_S = 20.0
"""Seconds of face after which the own resting face counts for half; before, it is drawn to 0."""


def expression_valence(expression: Mapping[str, float]) -> float:
    """The expected valence (-1..1) of a distribution over expressions."""
    return sum(VALENCE[label] * probability for label, probability in expression.items())


class RestingFace:
    """The usual valence of one face, which is its neutral one: most of the time nobody pulls a face."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_MEMORY_S)
        self._second: int | None = None
        self._sum, self._count = 0.0, 0
        self._level = 0.0

    def relative(self, t_s: float, valence: float) -> float:
        """The valence (-1..1) against the face so far, then learn from it."""
        score = (valence - self._level) / (1 + abs(self._level))
        self._learn(int(t_s), valence)
        return score

    def _learn(self, second: int, valence: float) -> None:
        if self._second is not None and second != self._second:
            self._seconds.append(self._sum / self._count)
            self._sum, self._count = 0.0, 0
            share = len(self._seconds) / (len(self._seconds) + _PRIOR_S)
            self._level = share * median(self._seconds)
        self._second = second
        self._sum, self._count = self._sum + valence, self._count + 1
