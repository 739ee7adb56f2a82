"""The card of a feature file: its contents, how it was made, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.affect.feature_schema import RATE_HZ, TABLES
from edge.affect.fusion import MODALITIES
from training.features.dataset import LABELS, SPLITS, Features, FeaturesError


def write_card(features: Features, path: Path, notes: Sequence[str] = ()) -> None:
    """Write the card in Markdown, atomically; `notes` are sentences about this run."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text("\n".join(_lines(features, notes)) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FeaturesError(f"{path} cannot be written: {error.strerror or error}") from error


def _lines(features: Features, notes: Sequence[str]) -> list[str]:
    meta = features.meta
    return [
        f"# Features of {meta.get('dataset', 'clips')}",
        "",
        f"{len(features)} samples, computed by the stages of bundle {meta.get('bundle', '?')} with emvas-edge "
        f"{meta.get('emvas', '?')}; words {meta.get('words', '?')}. Feature kind: version "
        f"{meta['features']['version']}, digest {meta['features']['digest']}.",
        "",
        *_table(["split", "samples", *MODALITIES, *LABELS], [_split(features, name) for name in SPLITS]),
        "",
        "Under a modality: samples that have it. Under a label: mean and deviation over the samples that have one.",
        "",
        "## Lengths",
        "",
        *_table(["modality", "rows are", "median", "longest", "most kept"], [_length(features, n) for n in MODALITIES]),
        "",
        "## Columns",
        "",
        f"Stored as (value - centre) / spread. Audio and vision have {RATE_HZ} rows a second.",
        "",
        *_table(["modality", "column", "width", "unit", "centre", "spread", "meaning"], _columns()),
        "",
        "## To know",
        "",
        *(f"- {note}" for note in notes),
        "- A clip counts from its first speech to its last, at most 28 s; without speech it counts as a whole.",
        "- The numbers describe faces, voices and words of people: the licence and the consent of the clips hold for "
        "them too.",
    ]


def _split(features: Features, split: str) -> list[str]:
    rows = features.split == split
    counts = [f"{int(features.presence[rows, index].sum())}" for index in range(len(MODALITIES))]
    labels = []
    for name in LABELS:
        values = getattr(features, name)[rows]
        values = values[np.isfinite(values)]
        labels.append(f"{values.mean():.2f} ± {values.std():.2f}" if len(values) else "-")
    return [split, str(int(rows.sum())), *counts, *labels]


def _length(features: Features, name: str) -> list[str]:
    length = getattr(features, f"{name}_length")
    length = length[length > 0]
    middle, longest = (f"{np.median(length):.0f}", str(length.max())) if len(length) else ("-", "-")
    return [name, TABLES[name].rows, middle, longest, str(TABLES[name].most)]


def _columns() -> list[list[str]]:
    return [
        [name, c.name, str(c.width), c.unit, f"{c.centre:g}", f"{c.spread:g}", c.meaning]
        for name, table in TABLES.items()
        for c in table.columns
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
