"""Whisper's two graphs as an encoder and a decoder that remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.bundle.bundle import Bundle
from edge.bundle.session import Array
from edge.messages import Float32

ROLE = "asr"


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
    """Encoder and decoder sessions of the bundle's `asr` role."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = bundle.session(ROLE, "encoder")
        self._decoder = bundle.session(ROLE, "decoder")
        graph = bundle.role(ROLE).variants[bundle.variant_name(ROLE)].graphs["decoder"]
        self._nothing = {
            tensor.name: np.zeros([_empty(size) for size in tensor.shape], np.float32)
            for tensor in graph.inputs
            if tensor.name.startswith("past_")
        }

    def encode(self, mel: Float32) -> Memory:
        """Hear the spectrogram [bands, frames]; no token has been read yet."""
        return Memory(self._encoder.run({"mel": mel[None]}), self._nothing)

    def step(self, ids: npt.NDArray[np.int64], memory: Memory) -> tuple[Float32, Memory]:
        """Read tokens [n, t]; return the logits [n, vocabulary] of what follows, and the longer memory."""
        outputs = self._decoder.run({"ids": ids, **memory.past, **memory.cross})
        logits: Float32 = outputs.pop("logits")
        past = {name.replace("present_", "past_", 1): values for name, values in outputs.items()}
        return logits, Memory(memory.cross, past)


def _empty(size: int | str) -> int:
    """A free dimension of an empty past: one hypothesis, no time."""
    if isinstance(size, int):
        return size
    return 1 if size == "n" else 0
