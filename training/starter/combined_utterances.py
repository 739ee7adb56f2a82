"""Utterances combined from a sentence, a voice and a face, whose labels mostly agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.affect.feature_schema import TABLES, description
from edge.affect.fusion import MODALITIES, ModalityScore, fuse
from training.features.assemble import Sample, assemble
from training.features.dataset import Features
from training.starter.single_modality import SHARES, SingleModalitySample, Split

_OPPOSED = 0.25
"""Share of the utterances whose modalities get independent signs."""
_SIGNS = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Pair:
    """One artificial utterance: a sentence, a voice and a face of different people."""

    parts: Mapping[str, SingleModalitySample]
    agreed: bool
    """Whether all three were drawn with one sign."""

    @property
    def label(self) -> float:
        """The label, -1..1: the mean of the parts' labels with the weights of late fusion at full quality."""
        fused = fuse({name: ModalityScore(part.label) for name, part in self.parts.items()})
        assert fused is not None
        return fused.score

    def late(self, shown: Sequence[str]) -> float:
        """The late-fusion mean of the modalities `shown`; 0 without one."""
        fused = fuse({name: self.parts[name].evidence for name in shown})
        return 0.0 if fused is None else fused.score


def draw(
    singles: Mapping[str, Sequence[SingleModalitySample]], count: int, split: Split, rng: np.random.Generator
) -> list[Pair]:
    """`count` utterances of one split, their signs balanced."""
    pools = {
        name: {sign: [one for one in singles[name] if one.split == split and one.sign == sign] for sign in _SIGNS}
        for name in MODALITIES
    }
    pairs = []
    for _ in range(count):
        agreed, common = rng.random() >= _OPPOSED, rng.choice(_SIGNS)
        signs = {name: common if agreed else rng.choice(_SIGNS) for name in MODALITIES}
        parts = {name: pools[name][int(sign)] for name, sign in signs.items()}
        pairs.append(Pair({name: pool[rng.integers(len(pool))] for name, pool in parts.items()}, bool(agreed)))
    return pairs


def features(pairs: Mapping[Split, Iterable[Pair]], origin: str) -> Features:
    """The feature file of all splits."""
    samples = [_sample(pair, split, place) for split in SHARES for place, pair in enumerate(pairs[split])]
    widths = {name: table.width for name, table in TABLES.items()}
    return assemble(samples, widths, {"origin": origin, "features": description()})


def _sample(pair: Pair, split: Split, place: int) -> Sample:
    parts = [pair.parts[name] for name in MODALITIES]
    labels = (pair.label, *(part.label for part in parts))
    rows = {name: part.rows for name, part in zip(MODALITIES, parts, strict=True)}
    return Sample(f"{split}$_${place}", split, pair.parts["text"].text, labels, rows)
