"""CTC models: vocabulary, inference (audio in, log probabilities out, in pieces) and greedy decoding.

Graves et al. 2006, "Connectionist Temporal Classification", section 3.2 (best path decoding): the best token of each
frame, equal neighbours counted once, blanks left out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.bundle.manifest import BundleError
from edge.bundle.session import Array, Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.decoding import Hypothesis
from edge.speech.log_mel import FRONT_ENDS, HOP_SAMPLES, MEL_BANDS, STREAMED, MelStream

PREPROCESSING = "ctc"
"""The key of the role's `preprocessing` that makes it a CTC model; its value is a `CtcDescription`."""
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
"""How sentencepiece writes a byte of a character that is not in its vocabulary."""
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
"""Unicode's blocks of Chinese characters in common use."""


class CtcDescription(BaseModel):
    """Settings of a CTC model in the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: str
    """A front end of `edge.speech.log_mel.FRONT_ENDS`."""
    frame_s: float = Field(gt=0)
    """Time between two frames of the output."""
    least_s: float = Field(ge=0)
    """Shorter audio is filled with silence."""


class AcousticModel(Protocol):
    """A CTC model: one audio at a time."""

    def listen(self, samples: Float32) -> Iterator[Float32]:
        """Log probabilities [frames, vocabulary] of mono audio at 16 kHz, in consecutive pieces."""
        ...


class FullContextModel:
    """A model that needs the whole utterance."""

    def __init__(self, session: Session, description: CtcDescription) -> None:
        self._session = session
        self._description = description
        (self._input,) = session.input_names
        self._bands = _bands(session.input_shapes[self._input])

    def listen(self, samples: Float32) -> Iterator[Float32]:
        """One piece."""
        rows = features(samples, self._description, self._bands)
        yield self._session.run({self._input: rows[None]})["log_probs"][0]


class ChunkedModel:
    """A streaming model: one chunk at a time, with caches of the chunks before.

    Its inputs are `mel` [1, frames of a chunk, bands] and caches, zero at first; `next_NAME` becomes the cache `NAME`.
    """

    def __init__(self, session: Session, description: CtcDescription) -> None:
        if description.features != STREAMED:
            raise BundleError(
                f"role asr works in chunks, which the front end {description.features!r} cannot give: {STREAMED} can; "
                "export the model again"
            )
        self._session = session
        self._frames = int(session.input_shapes["mel"][1])
        self._least_s = description.least_s
        self._caches = [name for name in session.input_names if name != "mel"]
        self._memory: dict[str, Array]
        self.begin()

    def begin(self) -> None:
        """Reset: a new audio begins."""
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
        """Those of the rest of the audio, silence appended up to a whole chunk."""
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


def open_acoustic_model(session: Session, description: CtcDescription) -> AcousticModel:
    """The model that fits the graph: a graph with caches works in chunks."""
    return (
        FullContextModel(session, description) if len(session.input_names) == 1 else ChunkedModel(session, description)
    )


def features(samples: Float32, description: CtcDescription, bands: int) -> Float32:
    """The input of the graph: [frames, bands], or [samples]."""
    return FRONT_ENDS[description.features](lengthened(samples, description.least_s), bands)


def describe(preprocessing: Mapping[str, Any]) -> CtcDescription:
    """Read the settings in the manifest; BundleError if they are not those of a CTC model."""
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
    """The audio, silence appended up to `least_s` seconds."""
    return np.pad(samples, (0, max(0, round(least_s * SAMPLE_RATE_HZ) - len(samples))))


def _bands(shape: list[int | str]) -> int:
    """The number of bands of an input [1, frames, bands]; 1 for samples [1, samples]."""
    return int(shape[2]) if len(shape) == 3 else 1


@dataclass(frozen=True, slots=True)
class TimedToken:
    """A token and its time; times are seconds from the beginning of the audio."""

    token: int
    start_s: float
    end_s: float
    log_probability: float
    """The highest of its frames: a token is a peak among blanks, and its edges are not informative."""


class GreedyCtc:
    """Decodes frames as they come; the result does not depend on the pieces."""

    def __init__(self, blank: int, frame_s: float) -> None:
        self._blank = blank
        self._frame_s = frame_s
        self._frames = 0
        self._last = blank
        self._tokens: list[TimedToken] = []

    @property
    def tokens(self) -> tuple[TimedToken, ...]:
        """The tokens so far."""
        return tuple(self._tokens)

    @property
    def hypothesis(self) -> Hypothesis:
        """The tokens as a finished hypothesis: it ends with the audio."""
        return Hypothesis(
            tuple(token.token for token in self._tokens),
            tuple(token.log_probability for token in self._tokens),
            finished=True,
        )

    def read(self, log_probs: Float32) -> None:
        """Add the next frames, log probabilities [frames, vocabulary]."""
        if not len(log_probs):
            return
        best = log_probs.argmax(axis=1)
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = [*starts[1:], len(best)]
        for start, end in zip(starts, ends, strict=True):
            token = int(best[start])
            self._hear(token, int(start), int(end), float(log_probs[start:end, token].max()))
        self._frames += len(best)

    def _hear(self, token: int, start: int, end: int, log_probability: float) -> None:
        """One run of equal frames, `start` and `end` counted in this piece."""
        end_s = (self._frames + end) * self._frame_s
        if token != self._blank and token == self._last:
            before = self._tokens.pop()
            best = max(before.log_probability, log_probability)
            self._tokens.append(dataclasses.replace(before, end_s=end_s, log_probability=best))
        elif token != self._blank:
            start_s = (self._frames + start) * self._frame_s
            self._tokens.append(TimedToken(token, start_s, end_s, log_probability))
        self._last = token


class CtcVocabulary(BaseModel):
    """The bundle's table, as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: list[str]
    """By number."""
    blank: int
    separator: str
    """The sign for a space: `|` as a separate token, or sentencepiece's `▁` inside tokens."""
    silent: list[int] = []
    """Tokens that are never written: blank, padding, unknown, beginning and end."""

    @model_validator(mode="after")
    def _numbers_exist(self) -> CtcVocabulary:
        if not all(0 <= number < len(self.tokens) for number in (self.blank, *self.silent)):
            raise ValueError(f"blank and silent must be numbers of its {len(self.tokens)} tokens")
        if not self.separator:
            raise ValueError("separator must not be empty")
        return self

    def text(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, single spaces between words; bytes that make no whole character are left out."""
        written = [self.tokens[number] for number in tokens if number not in self.silent]
        raw = b"".join(bytes([int(byte[1], 16)]) if (byte := _BYTE.fullmatch(t)) else t.encode() for t in written)
        return " ".join(raw.decode(errors="ignore").replace(self.separator, " ").split())


def read_vocabulary(path: Path) -> CtcVocabulary:
    """Read a vocabulary; BundleError if the file is not one."""
    try:
        return CtcVocabulary.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise BundleError(
            f"{path} is no vocabulary of a CTC model: {error}; build or install the bundle again"
        ) from error


def script_language(text: str) -> str:
    """`zh` if the text has a Chinese character, else `en`: a CTC model does not give the language."""
    return "zh" if _HAN.search(text) else "en"
