"""A CTC graph as a listener: sound in, log probabilities of the vocabulary out, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle.manifest import BundleError
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.front_ends import FRONT_ENDS

PREPROCESSING = "ctc"
"""The key of the role's `preprocessing` that makes it a CTC model; its value is a `CtcDescription`."""


class CtcDescription(BaseModel):
    """What the manifest says of a CTC model besides its graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: str
    """A front end of `edge.speech.front_ends`."""
    frame_s: float = Field(gt=0)
    """Time between two frames of the output."""
    least_s: float = Field(ge=0)
    """Shorter sound is filled with silence."""


class Listener(Protocol):
    """Hears one sound at a time."""

    def listen(self, samples: Float32) -> Iterator[Float32]:
        """Log probabilities [frames, vocabulary] of mono sound at 16 kHz, in consecutive pieces."""
        ...


class FullContext:
    """A model that hears the whole utterance before it says anything."""

    def __init__(self, session: Session, description: CtcDescription) -> None:
        self._session = session
        self._description = description
        (self._input,) = session.input_names
        self._bands = _bands(session.input_shapes[self._input])

    def listen(self, samples: Float32) -> Iterator[Float32]:
        """One piece."""
        heard = features(samples, self._description, self._bands)
        yield self._session.run({self._input: heard[None]})["log_probs"][0]


def open_listener(session: Session, description: CtcDescription) -> Listener:
    """The listener that the description asks for."""
    return FullContext(session, description)


def features(samples: Float32, description: CtcDescription, bands: int) -> Float32:
    """What the graph hears: [frames, bands], or [samples]."""
    return FRONT_ENDS[description.features](lengthened(samples, description.least_s), bands)


def describe(preprocessing: Mapping[str, Any]) -> CtcDescription:
    """Read the manifest's words; BundleError when they are not those of a CTC model."""
    try:
        description = CtcDescription.model_validate(preprocessing[PREPROCESSING])
    except ValidationError as error:
        raise BundleError(
            f"preprocessing.{PREPROCESSING} of role asr: {error}; another version made the bundle: build it again"
        ) from error
    if description.features not in FRONT_ENDS:
        raise BundleError(
            f"role asr wants the front end {description.features!r}; this program has {', '.join(FRONT_ENDS)}: "
            "install the version that the bundle was built for"
        )
    return description


def lengthened(samples: Float32, least_s: float) -> Float32:
    """The sound, silence appended up to `least_s` seconds."""
    return np.pad(samples, (0, max(0, round(least_s * SAMPLE_RATE_HZ) - len(samples))))


def _bands(shape: list[int | str]) -> int:
    """The number of bands of an input [1, frames, bands]; 1 for samples [1, samples]."""
    return int(shape[2]) if len(shape) == 3 else 1
