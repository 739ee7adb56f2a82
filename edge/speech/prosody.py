"""Prosody: how an utterance is spoken, after speaker normalisation, and what a linear head reads in it.

A bundle with the role `voice_affect` has a head that also reads the states of a speech recognizer's first layers
(`edge.speech.voice_states`); without it the head of the role `prosody` reads pitch, loudness, timbre and rhythm alone.

A low voice is not a sad voice: features are compared with the same voice's own median and spread. Until enough has been
heard, both are drawn towards those of a population, and deviations count less, because the median is not known well
yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.messages import Utterance
from edge.speech.voice import FEATURES, Floats, VoiceFrames, summary, voice_frames
from edge.speech.voice_states import GRAPH, VoiceStates
from edge.speech.voice_states import ROLE as VOICE_AFFECT

_HISTORY = 200
"""Utterances in the baseline of the voice: about a working hour of conversation; older ones drop out."""
_PRIOR = 0.5
"""Weight of the population's median, in utterances: people and microphones differ more than one voice varies."""
_PRIOR_SPREAD = 10.0
"""Weight of the population's spread, in utterances: a spread needs more of them than a median."""
_HALF_KNOWN = 2.0
"""Utterances after which a voice is half known."""
_FIRST = 0.1
"""Knowledge of a voice before its first utterance, in utterances: the population's habit (certainty .05)."""
_LIMIT = 4.0
"""Spreads at which a value is cut off: one wrong pitch must not decide a score."""
_NORMAL_MAD = 1.4826
"""Standard deviation of normal data over its median absolute deviation."""
SCORES = ("arousal", "valence")
"""Order of the head's outputs."""


@dataclass(frozen=True, slots=True)
class Population:
    """Median of people's medians and the spread inside one person, one value a feature."""

    median: Floats
    spread: Floats


class SpeakerNormalisation:
    """Baseline of one voice: robust location and spread of its features."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._seen: deque[Floats] = deque(maxlen=_HISTORY)

    @property
    def certainty(self) -> float:
        """How well the voice is known: .05 before its first utterance, .5 after `_HALF_KNOWN` utterances, then more."""
        known = len(self._seen) + _FIRST
        return known / (known + _HALF_KNOWN)

    def learn(self, features: Floats) -> None:
        """Add one utterance to the baseline."""
        self._seen.append(features)

    def relative(self, features: Floats) -> Floats:
        """The features in spreads above the baseline median, within +-4."""
        count = len(self._seen)
        median, spread = self._population.median, self._population.spread
        if count:
            seen = np.stack(self._seen)
            usual = np.median(seen, axis=0)
            usual_spread = _NORMAL_MAD * np.median(np.abs(seen - usual), axis=0)
            median = (_PRIOR * median + count * usual) / (_PRIOR + count)
            spread = (_PRIOR_SPREAD * spread + count * usual_spread) / (_PRIOR_SPREAD + count)
        doubt = (1 + 1 / (_PRIOR + count)) ** 0.5
        relative: Floats = np.clip((features - median) / (spread * doubt), -_LIMIT, _LIMIT)
        return relative


@dataclass(frozen=True, slots=True)
class Prosody:
    """The prosody of one utterance; all fields are None or empty with less than 0.2 s of voice in it."""

    score: float | None
    """Valence, -1 negative to 1 positive. Weak evidence: voices of joy and anger are much alike."""
    arousal: float | None
    """-1 calm to 1 excited."""
    confidence: float
    """0..1, of the valence: how well the baseline was known, times how much a voice shows in this language."""
    features: Mapping[str, float]
    """As measured, by the names of `edge.speech.voice.FEATURES`."""
    relative: Mapping[str, float]
    """The same in spreads above the baseline median so far."""
    frames: VoiceFrames | None = None
    """The frames that they were measured on."""
    certainty: float = 0.0
    """0..1, how well the baseline was known: low for the first utterance, which is compared with the population."""
    typical_arousal: float = 0.0
    """-1..1, the arousal against the population alone: a feature that does not depend on earlier utterances."""


_SILENT = Prosody(None, None, 0.0, {}, {})


class ProsodyAnalyzer:
    """Utterances in, their prosody out; each utterance is added to the baseline after it was judged.

    The microphone cannot tell speakers apart: the baseline is that of all voices heard, of one person in a cab and of a
    mixture in a room.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError when the bundle's head was trained on other features than this program computes."""
        role = VOICE_AFFECT if bundle.has(VOICE_AFFECT) else "prosody"
        description = bundle.role(role).preprocessing
        names = tuple(description["features"])
        if names != FEATURES:
            raise BundleError(
                f"bundle {bundle.folder}: role {role} was trained on the features {', '.join(names)}, but this "
                f"program computes {', '.join(FEATURES)}: build the bundle again with this version"
            )
        self._states = VoiceStates(bundle.session(role, GRAPH)) if role == VOICE_AFFECT else None
        self._session = bundle.session(role)
        self._trust: Mapping[str, float] = description.get("valence_trust", {})
        self._population = population(description)
        self._scale = SpeakerNormalisation(self._population)

    def step(self, utterance: Utterance, language: str | None = None) -> Prosody:
        """Judge one utterance against those before it; `language` is that of its transcript, if known."""
        frames = voice_frames(utterance.samples)
        if frames is None:
            return _SILENT
        features = summary(frames)
        if self._states is not None:
            features = np.concatenate([features, self._states.mean(utterance.samples)])
        relative, certainty = self._scale.relative(features), self._scale.certainty
        self._scale.learn(features)
        arousal, valence = self._scores(relative)
        typical_arousal, _ = self._scores(SpeakerNormalisation(self._population).relative(features))
        confidence = certainty * self._trusted(language)
        return Prosody(
            valence, arousal, confidence, _named(features), _named(relative), frames, certainty, typical_arousal
        )

    def _scores(self, relative: Floats) -> tuple[float, float]:
        """Arousal and valence of features in spreads above a baseline."""
        arousal, valence = self._session.run({"features": relative[np.newaxis].astype(np.float32)})["scores"][0]
        return float(arousal), float(valence)

    def _trusted(self, language: str | None) -> float:
        """Weight of the head's valence in a language, 0..1; in an untested language, the lowest weight."""
        return self._trust.get(language or "", min(self._trust.values(), default=1.0))


def population(description: Mapping[str, Any]) -> Population:
    """The population in a head's description, as `median` and `spread`."""
    return Population(np.array(description["median"], np.float64), np.array(description["spread"], np.float64))


def _named(values: Floats) -> dict[str, float]:
    return dict(zip(FEATURES, values[: len(FEATURES)].tolist(), strict=True))
