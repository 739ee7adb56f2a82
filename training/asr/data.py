"""Utterances to padded batches: read, augmented, and converted to features by the front end of the box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from edge.messages import SAMPLE_RATE_HZ, Float32
from training.asr.augment import augment_sound, striped
from training.asr.manifest import LabelledUtterance, Skipped, SoundError
from training.asr.settings import Augment
from training.asr.sound_memory import SoundMemory

PADDING = -100
"""Fills the row after the tokens of a shorter text."""


@dataclass(frozen=True, slots=True)
class UtteranceBatch:
    """n utterances."""

    numbers: list[int]
    """Numbers of the utterances, in the order of the rows."""
    features: Tensor
    """[n, T, bands], zeros after the length."""
    length: Tensor
    """[n]"""
    tokens: Tensor
    """[n, S], PADDING after the length."""
    token_length: Tensor
    """[n]"""
    failed: list[Skipped]
    """Utterances of the batch that could not be read."""

    def to(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Features, length, tokens and token length on the device of the model."""
        return tuple(t.to(device) for t in (self.features, self.length, self.tokens, self.token_length))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The utterances for training and for validation."""

    train: Sequence[LabelledUtterance]
    tokens: Sequence[list[int]]
    """Tokens of each utterance of `train`."""
    valid: Sequence[LabelledUtterance]
    noises: Sequence[Path]
    description: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The augmentation of the utterances in one epoch."""

    augment: Augment
    noises: Sequence[Path]
    seed: int
    epoch: int


class Utterances(Dataset[UtteranceBatch]):
    """Batches by the numbers of their utterances; without `changes`, without augmentation."""

    def __init__(
        self,
        utterances: Sequence[LabelledUtterance],
        tokens: Sequence[Sequence[int]],
        hear: Callable[[Float32], Float32],
        memory: SoundMemory,
        changes: Changes | None = None,
    ) -> None:
        self._utterances, self._tokens, self._hear, self._memory = utterances, tokens, hear, memory
        self._changes = changes

    def __getitem__(self, numbers: Sequence[int]) -> UtteranceBatch:
        rows: list[Float32] = []
        kept: list[int] = []
        failed: list[Skipped] = []
        for number in numbers:
            features = self._features(number)
            if isinstance(features, Skipped):
                failed.append(features)
                continue
            rows.append(features)
            kept.append(number)
        tokens = [torch.tensor(list(self._tokens[number]), dtype=torch.int64) for number in kept]
        return UtteranceBatch(
            kept,
            _padded([torch.from_numpy(row) for row in rows], 0.0),
            torch.tensor([len(row) for row in rows], dtype=torch.int64),
            _padded(tokens, PADDING),
            torch.tensor([len(row) for row in tokens], dtype=torch.int64),
            failed,
        )

    def _features(self, number: int) -> Float32 | Skipped:
        utterance, changes = self._utterances[number], self._changes
        try:
            samples = self._memory.read(utterance.path)
        except SoundError as error:
            return Skipped(utterance.where, f"{utterance.path}: {error}")
        if changes is None:
            return self._hear(samples)
        rng = np.random.default_rng((changes.seed, changes.epoch, number))
        mel = self._hear(augment_sound(samples, changes.augment, self._noise, rng))
        return striped(mel, changes.augment.spec, rng) if changes.augment.spec else mel

    def _noise(self, number: int) -> Float32:
        noises = self._changes.noises if self._changes else ()
        return self._memory.read(noises[number % len(noises)])


def loaded(utterances: Utterances, parts: Sequence[Sequence[int]], workers: int) -> DataLoader[UtteranceBatch]:
    """The batches in the order of `parts`; torch's random numbers are not used.

    Workers are forked, because they share the sound memory.
    """
    return DataLoader(
        utterances,
        batch_size=None,
        sampler=parts,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        generator=torch.Generator().manual_seed(0),
    )


def silence(hear: Callable[[Float32], Float32]) -> UtteranceBatch:
    """One second of silence with one token."""
    features = torch.from_numpy(hear(np.zeros(SAMPLE_RATE_HZ, np.float32)))[None]
    one = torch.ones(1, dtype=torch.int64)
    return UtteranceBatch([], features, one * features.shape[1], one[None], one, [])


def _padded(rows: list[Tensor], filling: float) -> Tensor:
    if not rows:
        return torch.zeros(0, 0)
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=filling)
