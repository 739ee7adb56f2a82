"""Joins single samples, or several feature files, into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.fusion import MODALITIES
from training.features.dataset import LABELS, Features, FeaturesError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One row; a modality that is absent is None."""

    id: str
    split: str
    raw_text: str
    labels: Sequence[float]
    """In the order of `LABELS`, NaN for a missing one."""
    sequences: Mapping[str, npt.NDArray[np.float32] | None]
    """(rows, columns) by modality."""


def assemble(samples: Sequence[Sample], widths: Mapping[str, int], meta: Mapping[str, Any]) -> Features:
    """Pad the samples to the longest of each modality."""
    arrays: dict[str, Array] = {}
    present = np.zeros((len(samples), len(MODALITIES)), np.float32)
    for index, name in enumerate(MODALITIES):
        rows = [sample.sequences[name] for sample in samples]
        length = np.array([0 if row is None else len(row) for row in rows], np.int64)
        values = np.zeros((len(rows), max(int(length.max(initial=0)), 1), widths[name]), np.float32)
        for place, row in enumerate(rows):
            if row is not None:
                values[place, : len(row)] = row
        arrays |= {name: values, f"{name}_length": length}
        present[:, index] = length > 0
    labels = np.array([sample.labels for sample in samples], np.float32).reshape(-1, len(LABELS))
    return Features(
        **arrays,
        **{name: labels[:, index] for index, name in enumerate(LABELS)},
        presence=present,
        id=np.array([sample.id for sample in samples]),
        split=np.array([sample.split for sample in samples]),
        raw_text=np.array([sample.raw_text for sample in samples]),
        meta=meta,
    )


def merge(parts: Mapping[str, Features]) -> Features:
    """Join feature files, given by name, in their order.

    Raises:
        FeaturesError: their features differ, or they hold the same clip; the message names the files.
    """
    (first_name, first), *rest = parts.items()
    owners: dict[str, str] = dict.fromkeys(first.id.tolist(), first_name)
    for name, part in rest:
        if part.dims != first.dims or _kind(part) != _kind(first):
            raise FeaturesError(
                f"{name} and {first_name} hold different features: they were made by other versions, bundles or "
                "settings; compute one of them again"
            )
        if twice := sorted(set(part.id.tolist()) & set(owners)):
            raise FeaturesError(f"{name}: {twice[0]} is in {owners[twice[0]]} already ({len(twice)} clips are)")
        owners |= dict.fromkeys(part.id.tolist(), name)
    samples = [sample for part in parts.values() for sample in _samples(part)]
    return assemble(samples, first.dims, {key: value for key, value in first.meta.items() if key != "shard"})


def _kind(features: Features) -> dict[str, Any]:
    return {key: features.meta.get(key) for key in ("features", "roles", "words")}


def _samples(features: Features) -> list[Sample]:
    labels = np.stack([getattr(features, name) for name in LABELS], axis=1)
    sequences: list[dict[str, Any]] = [{} for _ in range(len(features))]
    for index, name in enumerate(MODALITIES):
        for row, length in enumerate(getattr(features, f"{name}_length").tolist()):
            there = features.presence[row, index] == 1
            sequences[row][name] = getattr(features, name)[row, :length] if there else None
    texts = zip(features.id.tolist(), features.split.tolist(), features.raw_text.tolist(), strict=True)
    return [Sample(*text, labels[row], sequences[row]) for row, text in enumerate(texts)]
