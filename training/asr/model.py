"""Conformer-CTC: log-mel frames in, log probabilities of the vocabulary out, full context or streaming.

Full context is Hugging Face's `ParakeetEncoder` (Rekesh et al. 2023, "Fast Conformer"); streaming is the encoder of
`NemotronAsrStreaming` (Noroozi et al. 2024, "Stateful Conformer with cache-based inference"): causal convolutions, and
attention to the frame's own chunk and some chunks before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import ParakeetEncoder, ParakeetEncoderConfig

from edge.speech.log_mel import MEL_BANDS
from training.asr.streaming import StreamingEncoder


@dataclass(frozen=True, slots=True)
class Streaming:
    """The context of a streaming model, in frames of its output."""

    chunk_frames: int
    """Frames that are computed at once and attend to each other."""
    left_chunks: int
    """Number of earlier chunks to which a frame attends."""


@dataclass(frozen=True, slots=True)
class ConformerConfig:
    """The hyperparameters of the network."""

    vocabulary: int
    """Number of tokens, the blank included; the blank is token 0."""
    hidden: int = 256
    layers: int = 12
    heads: int = 4
    feed_forward: int = 1024
    kernel: int = 9
    """Width of the depthwise convolution in frames; odd."""
    subsampling: int = 4
    """Frames of the input per frame of the output: 2, 4 or 8."""
    subsampling_channels: int = 64
    dropout: float = 0.1
    streaming: Streaming | None = None
    """None: full context."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> ConformerConfig:
        """From the plain values of a checkpoint."""
        streaming = values.get("streaming")
        return cls(**{**values, "streaming": Streaming(**streaming) if streaming else None})

    def encoder_values(self) -> dict[str, Any]:
        """The same for Hugging Face's encoders.

        Weights start with the deviation of LeCun et al. 1998 (1 / sqrt(inputs)): the library's .02 suits wide models
        and leaves a narrow one without signal.
        """
        return {
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.feed_forward,
            "conv_kernel_size": self.kernel,
            "subsampling_factor": self.subsampling,
            "subsampling_conv_channels": self.subsampling_channels,
            "num_mel_bins": MEL_BANDS,
            "dropout": self.dropout,
            "activation_dropout": self.dropout,
            "attention_dropout": self.dropout,
            "layerdrop": 0.0,
            "scale_input": False,
            "initializer_range": self.hidden**-0.5,
            "attn_implementation": "eager",  # the fused one cannot be traced with free lengths by torch 2.13
        }


class ConformerCtc(nn.Module):
    """The whole model; `encoder` is the library's, the head is one linear layer."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder: nn.Module
        if config.streaming is None:
            self.encoder = ParakeetEncoder(ParakeetEncoderConfig(**config.encoder_values()))
        else:
            chunk, left = config.streaming.chunk_frames, config.streaming.left_chunks
            self.encoder = StreamingEncoder(config.encoder_values(), chunk, left)
        self.head = nn.Linear(config.hidden, config.vocabulary)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ConformerCtc:
        """A model with random weights; `config` holds the fields of `ConformerConfig`."""
        return cls(ConformerConfig.of(config))

    @classmethod
    def from_checkpoint(cls, path: Path) -> ConformerCtc:
        """A trained model in evaluation mode; raises CheckpointError if the file holds none."""
        from training.asr.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(path)
        model = cls.from_config(checkpoint.config)
        checkpoint.load_into(model)
        return model.eval()

    def forward(self, mel: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Log probabilities [n, T', vocabulary] and their lengths [n] of `mel` [n, T, MEL_BANDS] with `length` [n].

        Values after an utterance's length do not influence its log probabilities up to the returned length.
        """
        if isinstance(self.encoder, StreamingEncoder):
            hidden, out_length = self.encoder(mel, length)
        else:
            mask = torch.arange(mel.shape[1], device=mel.device)[None] < length[:, None]
            encoded = self.encoder(mel.masked_fill(~mask[..., None], 0.0), attention_mask=mask)
            hidden, out_length = encoded.last_hidden_state, encoded.attention_mask.sum(-1)
        return self._log_probs(hidden), out_length.to(torch.int64)

    def forward_chunk(self, mel_chunk: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """Log probabilities [n, chunk_frames, vocabulary] of the next chunk, then the caches for the one after it.

        `mel_chunk` is [n, chunk_frames * subsampling, MEL_BANDS]; the caches are those of `empty_caches` or of the last
        call, in that order. Chunk by chunk, the results equal `forward` on audio of whole chunks.
        """
        hidden, new = self._streaming_encoder().step(mel_chunk, caches)
        return (self._log_probs(hidden), *new)

    def empty_caches(self, sounds: int) -> dict[str, Tensor]:
        """The caches before the first chunk of `sounds` parallel recordings, by name; the first axis is the
        recording.
        """
        return self._streaming_encoder().empty_caches(sounds)

    def _streaming_encoder(self) -> StreamingEncoder:
        if self.config.streaming is None:
            raise ValueError("a full-context model has no chunks: train one with `streaming` in its config")
        return self.encoder

    def _log_probs(self, hidden: Tensor) -> Tensor:
        return self.head(hidden).float().log_softmax(-1)

    def plain_config(self) -> dict[str, Any]:
        """The argument for `from_config`."""
        return dataclasses.asdict(self.config)
