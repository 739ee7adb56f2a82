"""Whisper's two graphs as an encoder and a decoder that remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle.session import Array, Session
from edge.messages import Float32


@dataclass(frozen=True, slots=True)
class Memory:
    """The decoder's keys and values: of the sound (`cross`, shared by all hypotheses) and of the tokens so far."""

    cross: Mapping[str, Array]
    past: Mapping[str, Array]

    def select(self, parents: npt.NDArray[np.int64]) -> Memory:
        """The memory of hypotheses that continue those numbered `parents`."""
        count = len(next(iter(self.past.values())))
        if np.array_equal(parents, np.arange(count)):
            return self
        return Memory(self.cross, {name: values[parents] for name, values in self.past.items()})


class WhisperModel:
    """Encoder and decoder sessions."""

    def __init__(self, encoder: Session, decoder: Session) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._nothing = {
            name: np.zeros([_empty(size) for size in shape], np.float32)
            for name, shape in decoder.input_shapes.items()
            if name.startswith("past_")
        }

    @property
    def bands(self) -> int:
        """Mel bands that it hears."""
        return int(self._encoder.input_shapes["mel"][1])

    def encode(self, mel: Float32) -> Memory:
        """Hear the spectrogram [bands, frames]; no token has been read yet."""
        return Memory(self._encoder.run({"mel": mel[None]}), self._nothing)

    def step(self, ids: npt.NDArray[np.int64], memory: Memory) -> tuple[Float32, Memory]:
        """Read tokens [n, t]; return the logits [n, vocabulary] of what follows, and the longer memory."""
        outputs = self._decoder.run(feeds(ids, memory))
        logits: Float32 = outputs.pop("logits")
        past = {name.replace("present_", "past_", 1): values for name, values in outputs.items()}
        return logits, Memory(memory.cross, past)


def feeds(ids: npt.NDArray[np.int64], memory: Memory) -> dict[str, Array]:
    """The decoder's inputs."""
    return {"ids": ids, **memory.past, **memory.cross}


def _empty(size: int | str) -> int:
    """A dimension of an empty past: one hypothesis, no time."""
    if isinstance(size, int):
        return size
    return 1 if size == "n" else 0
