"""A CTC graph as a listener: sound in, log probabilities of the vocabulary out, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle.manifest import BundleError
from edge.bundle.session import Array, Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.front_ends import FRONT_ENDS, STREAMED
from edge.speech.log_mel import HOP_SAMPLES, MEL_BANDS
from edge.speech.mel_stream import MelStream

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


class Chunked:
    """A model that hears while somebody speaks: a chunk at a time, and what it remembers of the chunks before.

    Its inputs are `mel` [1, frames of a chunk, bands] and caches, zero at first; `next_NAME` becomes the cache `NAME`.
    """

    def __init__(self, session: Session, description: CtcDescription) -> None:
        if description.features != STREAMED:
            raise BundleError(
                f"role asr hears in chunks, which the front end {description.features!r} cannot give: {STREAMED} can; "
                "export the model again"
            )
        self._session = session
        self._frames = int(session.input_shapes["mel"][1])
        self._least_s = description.least_s
        self._caches = [name for name in session.input_names if name != "mel"]
        self._memory: dict[str, Array]
        self.begin()

    def begin(self) -> None:
        """Forget everything: a new sound begins."""
        self._mel = MelStream()
        self._samples = 0
        self._heard = np.zeros((0, MEL_BANDS), np.float32)
        shapes = self._session.input_shapes
        self._memory = {name: np.zeros([int(size) for size in shapes[name]], np.float32) for name in self._caches}

    def step(self, samples: Float32) -> Iterator[Float32]:
        """Log probabilities of the chunks that became complete with the next samples."""
        self._samples += len(samples)
        self._heard = np.concatenate([self._heard, self._mel.step(samples)])
        yield from self._whole_chunks()

    def finish(self) -> Iterator[Float32]:
        """Those of the rest of the sound, silence appended up to a whole chunk."""
        yield from self.step(np.zeros(-self._samples % (self._frames * HOP_SAMPLES), np.float32))
        self._heard = np.concatenate([self._heard, self._mel.finish()])
        yield from self._whole_chunks()
        self.begin()

    def listen(self, samples: Float32) -> Iterator[Float32]:
        """One piece a chunk."""
        self.begin()
        sound = lengthened(samples, self._least_s)
        for start in range(0, len(sound), self._frames * HOP_SAMPLES):
            yield from self.step(sound[start : start + self._frames * HOP_SAMPLES])
        yield from self.finish()

    def _whole_chunks(self) -> Iterator[Float32]:
        while len(self._heard) >= self._frames:
            chunk, self._heard = self._heard[: self._frames], self._heard[self._frames :]
            outputs = self._session.run({"mel": chunk[None], **self._memory})
            self._memory = {name: outputs[f"next_{name}"] for name in self._caches}
            yield outputs["log_probs"][0]


def open_listener(session: Session, description: CtcDescription) -> Listener:
    """The one that fits the graph: a graph with caches hears in chunks."""
    return FullContext(session, description) if len(session.input_names) == 1 else Chunked(session, description)


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
