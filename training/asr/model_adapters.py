"""Adapters of the speech models (Conformer-CTC, Whisper) to the one trainer: features, tokens, loss, saving."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.ctc import GreedyCtc
from edge.speech.log_mel import FFT_SAMPLES, FRONT_ENDS, HOP_SAMPLES, MEL_BANDS
from training.asr.checkpoint import AsrCheckpoint
from training.asr.model import ConformerCtc
from training.asr.vocabulary import Vocabulary


class Learner(Protocol):
    """A model with its features, its tokens and its file format."""

    module: nn.Module
    """`forward(features, length, tokens, token_length)` gives the loss of each utterance [n], per token."""
    suffix: str
    """Suffix of the saved model: `.pt`, or empty for a folder."""

    def hear(self, samples: Float32) -> Float32:
        """Features [frames, bands] of audio."""
        ...

    def encode(self, text: str) -> list[int]:
        """Tokens of a text; UnknownUnitError names characters outside the vocabulary."""
        ...

    def frames(self, duration_s: float) -> int:
        """The approximate number of feature frames of audio."""
        ...

    def frames_needed(self, tokens: list[int]) -> int:
        """The shortest audio, in frames of 10 ms, into which these tokens fit."""
        ...

    def read(self, features: Tensor, length: Tensor) -> list[str]:
        """The transcripts, by greedy search."""
        ...

    def save(self, path: Path, training_data: str, measured: Mapping[str, float]) -> None:
        """Write the model atomically."""
        ...

    def identity(self) -> dict[str, Any]:
        """The settings that must be the same when a training continues."""
        ...


class CtcLoss(nn.Module):
    """The model and the loss of its utterances in one, as DistributedDataParallel requires it."""

    def __init__(self, model: ConformerCtc) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, length: Tensor, tokens: Tensor, token_length: Tensor) -> Tensor:
        """Loss per token [n]; 0 if the tokens do not fit into the audio."""
        log_probs, out_length = self.model(features, length)
        targets = tokens.clamp(min=0)  # values after a length are ignored, but must be tokens
        losses = functional.ctc_loss(
            log_probs.transpose(0, 1),
            targets,
            out_length,
            token_length,
            blank=0,
            reduction="none",
            zero_infinity=True,
        )
        return losses / token_length


class CtcLearner:
    """Conformer-CTC."""

    suffix = ".pt"

    def __init__(self, model: ConformerCtc, vocabulary: Vocabulary) -> None:
        self.module = CtcLoss(model)
        self.vocabulary = vocabulary
        self.features = "log_mel" if model.config.streaming is None else "streamed_log_mel"

    @property
    def model(self) -> ConformerCtc:
        """The network."""
        return self.module.model

    def hear(self, samples: Float32) -> Float32:
        """Log-mel frames; audio shorter than one window is padded with silence."""
        longer = np.pad(samples, (0, max(0, FFT_SAMPLES - len(samples))))
        return np.ascontiguousarray(FRONT_ENDS[self.features](longer, MEL_BANDS))

    def encode(self, text: str) -> list[int]:
        """Tokens of the vocabulary."""
        return self.vocabulary.encode(text)

    def frames(self, duration_s: float) -> int:
        """One every 10 ms."""
        return max(1, int(duration_s * SAMPLE_RATE_HZ / HOP_SAMPLES))

    def frames_needed(self, tokens: list[int]) -> int:
        """One frame of the output per token, and a blank between equal neighbours."""
        twice = sum(one == two for one, two in pairwise(tokens))
        return (len(tokens) + twice) * self.model.config.subsampling

    def log_probs(self, features: Tensor, length: Tensor) -> list[Float32]:
        """Log probabilities [frames, vocabulary] of each utterance."""
        with torch.inference_mode():
            log_probs, out_length = self.model.eval()(features, length)
        return [row[:n].cpu().numpy() for row, n in zip(log_probs, out_length.tolist(), strict=True)]

    def read(self, features: Tensor, length: Tensor) -> list[str]:
        """Greedy decoding, by the code of the box."""
        return [self.greedy(row) for row in self.log_probs(features, length)]

    def greedy(self, log_probs: Float32) -> str:
        """The best path of one utterance."""
        decoder = GreedyCtc(self.vocabulary.table.blank, self.model.config.subsampling * HOP_SAMPLES / SAMPLE_RATE_HZ)
        decoder.read(log_probs)
        return self.vocabulary.text(decoder.hypothesis.tokens)

    def save(self, path: Path, training_data: str, measured: Mapping[str, float]) -> None:
        """An `emvas-asr-1` checkpoint."""
        state = {name: value.cpu() for name, value in self.model.state_dict().items()}
        config, tokens = self.model.plain_config(), self.vocabulary.tokens
        AsrCheckpoint(path, config, tokens, state, self.features, training_data, measured).save()

    def identity(self) -> dict[str, Any]:
        """Architecture and vocabulary."""
        return {"model": self.model.plain_config(), "vocabulary": self.vocabulary.tokens}
