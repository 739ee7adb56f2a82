"""Sentiment on labelled texts: how often its sign is right, with intervals over the texts."""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.evidence import markdown_table
from edge.bundle.bundle import Bundle
from edge.text.sentiment import TextSentiment

_EACH = 500
"""Texts of each set, and as many others with a negation."""
_LONGEST, _SHORT = 200, {"en": 110, "zh": 40}
"""Characters that are read, and those of a short text: a negation decides a sentence, not a page."""
_NEGATION = {"en": re.compile(r"n't\b|\b(?:not|never|no|without)\b"), "zh": re.compile("[不没无]")}
_DRAWS, _COVERAGE = 2000, 0.95

Row = tuple[str, bool]
"""A text and whether it is positive."""


def measure(bundle: Bundle, data: Path) -> dict[str, Any]:
    """Figures of each set of the data folder; none of them was used in training."""
    model, found = TextSentiment(bundle), {}
    for path in sorted((data / "text").glob("*.tsv.gz")):
        rows = _rows(path)
        some = random.Random(0).sample(rows, _EACH)
        language = path.name.split("_")[0]
        others = sorted(set(rows) - set(some))
        negated = [row for row in others if _NEGATION[language].search(row[0]) and len(row[0]) <= _SHORT[language]]
        negated = random.Random(1).sample(negated, min(_EACH, len(negated)))
        found[path.name.removesuffix(".tsv.gz")] = {**_figures(model, some), "negated": _figures(model, negated)}
    return found


def table(found: Mapping[str, Any]) -> str:
    """Markdown."""
    heads = ("set", "texts", "right sign", "95 %", "correlation", "short texts with a negation", "right sign", "95 %")
    rows = [
        (
            name,
            row["texts"],
            *_signs(row),
            f"{row['correlation']:.3f}",
            row["negated"]["texts"],
            *_signs(row["negated"]),
        )
        for name, row in found.items()
    ]
    return markdown_table(heads, rows)


def _rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) == 2]
    return [(text, label == "1") for label, text in rows if label in {"0", "1"}]


def _figures(model: TextSentiment, rows: Sequence[Row]) -> dict[str, Any]:
    scores = np.array([model.score(text[:_LONGEST]).score for text, _ in rows])
    positive = np.array([label for _, label in rows])
    right = (scores > 0) == positive
    return {
        "texts": len(rows),
        "sign_accuracy": float(right.mean()),
        "interval": _interval(right),
        "correlation": float(np.corrcoef(scores, positive)[0, 1]),
    }


def _interval(right: npt.NDArray[np.bool_]) -> list[float]:
    """Central 95 % of the share, texts drawn anew."""
    drawn = np.random.default_rng(0).integers(len(right), size=(_DRAWS, len(right)))
    ends = np.quantile(right[drawn].mean(axis=1), ((1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2))
    return [float(end) for end in ends]


def _signs(row: Mapping[str, Any]) -> tuple[str, str]:
    low, high = row["interval"]
    return f"{row['sign_accuracy']:.3f}", f"{low:.3f} to {high:.3f}"
