"""What is inferred about people at all: only what the purpose lets be told, or what one of its alerts needs.

Regulation (EU) 2024/1689 Art. 5(1)(f) is about inferring emotions, not only about telling them: what is not needed is
not computed, and its models are not even loaded.
"""

from __future__ import annotations

from edge.affect.group import LEAST_GROUP
from edge.config import Config
from edge.fatigue.gestures import MOUTH_RISE
from edge.vision.perception import ExpressionSelection


def moods(config: Config) -> bool:
    """Whether the mood of one person is inferred, from face, voice and words."""
    return config.affect.enabled and "affect" in config.allowance.kinds


def groups(config: Config) -> bool:
    """Whether it is inferred what a group has in common."""
    return config.affect.enabled and "group" in config.allowance.kinds


def words(config: Config) -> bool:
    """Whether it is recognized what is said."""
    return config.speech.transcribe and config.allowance.words


def expressions(config: Config) -> ExpressionSelection | None:
    """Whose expressions are read; None: nobody's.

    A driver's only while the mouth is open as in a yawn: an alert must not take laughter for one.
    """
    if config.allowance.person_emotions:
        return ExpressionSelection()
    if groups(config):
        return ExpressionSelection(least_faces=LEAST_GROUP)
    return ExpressionSelection(least_mouth=MOUTH_RISE) if config.fatigue.enabled else None


def withheld(config: Config) -> str:
    """Why something is not inferred, in words."""
    return f"nothing that purpose {config.purpose.value} may tell needs it"
