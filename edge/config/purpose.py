"""Purposes: what a deployment may infer and publish, and why.

Regulation (EU) 2024/1689 Art. 5(1)(f) prohibits inferring emotions at work and in education except for medical or
safety reasons (since 2025-02-02); its recital 18 says that fatigue is a physical state, not an emotion.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Purpose(str, Enum):
    """Why the box is there."""

    DRIVER_SAFETY = "driver-safety"
    CLASSROOM_WELLBEING = "classroom-wellbeing"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a purpose allows to leave the pipeline."""

    kinds: frozenset[str]
    """Message kinds that may be stored and published."""
    words: bool
    """Whether transcripts may be stored or published."""
    per_person: bool
    """Whether anything may refer to one person (a track)."""
    consent_needed: bool


_EYES = frozenset({"blink", "closure", "yawn", "nod", "fatigue"})
_EVENTS = frozenset({"alert", "summary", "source"})

ALLOWANCES: dict[Purpose, Allowance] = {
    Purpose.DRIVER_SAFETY: Allowance(_EYES | _EVENTS, words=False, per_person=True, consent_needed=False),
    Purpose.CLASSROOM_WELLBEING: Allowance(_EVENTS, words=False, per_person=False, consent_needed=False),
    Purpose.RESEARCH: Allowance(
        _EYES | _EVENTS | {"affect", "speech", "transcript"}, words=True, per_person=True, consent_needed=True
    ),
}
"""DESIGN: a driver's box publishes fatigue and distress, not a mood diary; a classroom's publishes group aggregates
and safety events; research publishes all and needs recorded consent."""
