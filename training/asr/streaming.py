"""The streaming encoder: the library's causal blocks, with every cache an explicit tensor of fixed shape.

The library's own caches grow, and branch on the first chunk, so they cannot be a fixed graph. Here a chunk always sees
the same number of cached frames; frames before the beginning are masked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import NemotronAsrStreamingEncoder, NemotronAsrStreamingEncoderConfig


class _Kept:
    """The frames that convolutions and attention keep from one step to the next.

    It replaces the library's padding cache and key-value cache in its blocks, which call `update`.
    """

    def __init__(self, before: Mapping[str, Tensor]) -> None:
        self._before = before
        self.after: dict[str, Tensor] = {}

    def extended(self, key: str, new: Tensor, axis: int) -> Tensor:
        """The kept frames and the new ones; the latest ones are kept for the next step."""
        kept = self._before[key]
        joined = torch.cat([kept, new], dim=axis)
        self.after[key] = joined.narrow(axis, joined.shape[axis] - kept.shape[axis], kept.shape[axis])
        return joined


class _Frames(_Kept):
    def update(self, hidden: Tensor, cache_key: str, _module: nn.Module) -> Tensor:
        return self.extended(cache_key, hidden, 2)


class _KeysAndValues(_Kept):
    def update(self, key: Tensor, value: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        return self.extended(f"key.{layer}", key, 2), self.extended(f"value.{layer}", value, 2)


class StreamingEncoder(NemotronAsrStreamingEncoder):
    """Causal convolutions; attention to the current chunk of `chunk_frames` frames and `left_chunks` before it."""

    def __init__(self, values: Mapping[str, Any], chunk_frames: int, left_chunks: int) -> None:
        left_frames = chunk_frames * left_chunks
        super().__init__(NemotronAsrStreamingEncoderConfig(**values, sliding_window=left_frames + 1))
        self.chunk_frames = chunk_frames
        self.left_chunks = left_chunks
        self.left_frames = left_frames

    def forward(self, mel: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states [n, T', hidden] and their lengths [n] of whole sounds `mel` [n, T, bands] with `length` [n].

        One frame for every `subsampling` of the input, also for an incomplete last one. An output frame depends on no
        input after its first input frame, so padding needs no mask in the subsampling.
        """
        factor = self.config.subsampling_factor
        out_length = (length + factor - 1) // factor
        hidden = self.subsampling(mel)[:, : (mel.shape[1] + factor - 1) // factor] * self.input_scale
        index = torch.arange(hidden.shape[1], device=hidden.device)
        valid = index[None] < out_length[:, None]
        chunk = index // self.chunk_frames
        behind = chunk[:, None] - chunk[None]
        near = (behind >= 0) & (behind <= self.left_chunks)
        itself = index[:, None] == index[None]  # a row of padding must attend to a frame, or its softmax is NaN
        mask = ((near[None] & valid[:, None]) | itself[None])[:, None]
        positions = self.encode_positions(hidden)
        hidden = nn.functional.dropout(hidden, p=self.dropout, training=self.training)
        for layer in self.layers:
            hidden = layer(hidden, attention_mask=mask, all_masked_rows=~valid[:, None], position_embeddings=positions)
        return hidden, out_length

    def step(self, mel: Tensor, caches: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Hidden states [n, chunk_frames, hidden] of the next chunk, and the new caches."""
        seen, convolutions, keys, values, *subsampling = caches
        frames = _Frames(
            {f"subsampling.{i}": cache for i, cache in enumerate(subsampling)}
            | {f"conv.{i}": convolutions[:, i] for i in range(len(self.layers))}
        )
        attended = _KeysAndValues(
            {f"key.{i}": keys[:, i] for i in range(len(self.layers))}
            | {f"value.{i}": values[:, i] for i in range(len(self.layers))}
        )
        hidden = self.subsampling(mel, padding_cache=frames) * self.input_scale
        kept = torch.arange(self.left_frames + self.chunk_frames, device=mel.device)[None] >= (
            self.left_frames - seen[:, None]
        )
        mask = kept[:, None, None].expand(-1, 1, self.chunk_frames, -1)
        positions = self.encode_positions(hidden, cached_frames=self.left_frames)
        for layer in self.layers:
            hidden = layer(
                hidden,
                attention_mask=mask,
                position_embeddings=positions,
                past_key_values=attended,
                padding_cache=frames,
            )
        layers = range(len(self.layers))
        return hidden, (
            torch.clamp(seen + self.chunk_frames, max=self.left_frames),
            torch.stack([frames.after[f"conv.{i}"] for i in layers], 1),
            torch.stack([attended.after[f"key.{i}"] for i in layers], 1),
            torch.stack([attended.after[f"value.{i}"] for i in layers], 1),
            *(frames.after[f"subsampling.{i}"] for i in range(len(subsampling))),
        )

    def empty_caches(self, sounds: int) -> dict[str, Tensor]:
        """Zeros in the order of `step`: frames seen, convolutions, keys, values, one for each subsampling stage."""
        config = self.config
        layers, heads, width = config.num_hidden_layers, config.num_attention_heads, config.hidden_size
        attended = (sounds, layers, heads, self.left_frames, width // heads)
        caches = {
            "seen": torch.zeros(sounds, dtype=torch.int64),
            "convolution_cache": torch.zeros(sounds, layers, width, config.conv_kernel_size - 1),
            "key_cache": torch.zeros(attended),
            "value_cache": torch.zeros(attended),
        }
        channels, bands = 1, config.num_mel_bins
        kernel, stride = config.subsampling_conv_kernel_size, config.subsampling_conv_stride
        for stage in range(int(math.log2(config.subsampling_factor))):
            padded = bands + kernel - 1 + stride - 1
            caches[f"subsampling_cache_{stage}"] = torch.zeros(sounds, channels, kernel - 1, padded)
            channels, bands = config.subsampling_conv_channels, (padded - kernel) // stride + 1
        return caches
