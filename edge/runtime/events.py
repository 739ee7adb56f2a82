"""What the threads of a run hand to the one that judges, each a type of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.messages import Face, Sound, Source, Speed, Utterance, Warned
from edge.publish.commands.handler import Answer
from edge.publish.commands.requests import Request
from edge.runtime.perception_stages import Heard


@dataclass(frozen=True, slots=True)
class Seen:
    """The faces of one picture, or that there is none."""

    faces: Sequence[Face]
    speaking: bool
    """Whether somebody spoke when it was taken."""


@dataclass(frozen=True, slots=True)
class Sounded:
    """How loud it was, in pieces."""

    sounds: Sequence[Sound]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Somebody has just spoken."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks of the judgement, and who hears how that went."""

    request: Request
    answer: Answer


Event = Seen | Sounded | Spoken | Heard | Speed | Source | Order | Warned
