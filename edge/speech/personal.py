"""How unusual an utterance is for the voice that has been heard so far.

A low voice is no sad voice: features are read against the same voice's own median and spread. Until enough has been
heard, both are drawn towards those of a population, and deviations count less, for the median is not yet known well.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.speech.pitch import Floats

_HISTORY = 200
"""Utterances that make up the own voice: about a working hour of conversation; older ones fade out."""
_PRIOR = 0.5
"""Weight of the population's median, in utterances: people and microphones differ more than one voice varies."""
_PRIOR_SPREAD = 10.0
"""Weight of the population's spread, in utterances: a spread needs more of them than a median."""
_HALF_KNOWN = 2.0
"""Utterances after which a voice is half known."""
_FIRST = 0.1
"""What is known of a voice before anything was heard, in utterances: the population's habit (certainty .05)."""
_LIMIT = 4.0
"""Spreads at which a value is cut off: one mistracked pitch must not decide a score."""
_NORMAL_MAD = 1.4826
"""Standard deviation of normal data over its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Population:
    """Median of people's medians and the spread inside one person, one value a feature."""

    median: Floats
    spread: Floats


class PersonalScale:
    """Robust location and spread of one voice."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._seen: deque[Floats] = deque(maxlen=_HISTORY)

    @property
    def certainty(self) -> float:
        """How well the voice is known: .05 before anything was heard, .5 after `_HALF_KNOWN` utterances, then more."""
        known = len(self._seen) + _FIRST
        return known / (known + _HALF_KNOWN)

    def learn(self, features: Floats) -> None:
        """Take one utterance into the own voice."""
        self._seen.append(features)

    def relative(self, features: Floats) -> Floats:
        """The features in spreads above the own median, within +-4."""
        count = len(self._seen)
        median, spread = self._population.median, self._population.spread
        if count:
            seen = np.stack(self._seen)
            own = np.median(seen, axis=0)
            own_spread = _NORMAL_MAD * np.median(np.abs(seen - own), axis=0)
            median = (_PRIOR * median + count * own) / (_PRIOR + count)
            spread = (_PRIOR_SPREAD * spread + count * own_spread) / (_PRIOR_SPREAD + count)
        doubt = (1 + 1 / (_PRIOR + count)) ** 0.5
        relative: Floats = np.clip((features - median) / (spread * doubt), -_LIMIT, _LIMIT)
        return relative
