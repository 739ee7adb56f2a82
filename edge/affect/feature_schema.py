"""The feature schema of a trained fusion: meaning, unit, scale and rate of every column, in one table per modality."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from edge.affect.face_memory import VALENCE

VERSION = 2
"""Increase it when a column is computed in another way; the digest covers the table below by itself."""
RATE_HZ = 10
EXPRESSIONS = tuple(VALENCE)


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """One number a row, stored as (value - centre) / spread so that it lies around -1..1."""

    name: str
    unit: str
    meaning: str
    centre: float = 0.0
    spread: float = 1.0
    width: int = 1
    """How many columns of the matrix share this description."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """One modality."""

    columns: tuple[FeatureColumn, ...]
    most: int
    """Rows kept; later rows of an utterance are cut."""
    rows: str
    """What a row is."""

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(column.width for column in self.columns)


_BINS = f"{1000 // RATE_HZ} ms of the utterance"
TABLES = {
    "text": FeatureTable(
        (
            FeatureColumn("hidden", "1", "a token's vector in the last layer of multilingual-e5-small", width=384),
            FeatureColumn("sentiment", "1", "sentiment of the whole text, -1 to 1, the same in every row"),
        ),
        128,
        "a token of the text with its prefix and both ends",
    ),
    "audio": FeatureTable(
        (
            FeatureColumn("voiced", "share", "frames with a voice"),
            FeatureColumn(
                "pitch", "semitones", "above 27.5 Hz; this and all that follow are means over voiced frames", 34, 6
            ),
            FeatureColumn("intonation", "semitones", "above the utterance's median pitch", 0, 3),
            FeatureColumn("level", "dB", "of all frames, below the utterance's loudest", -13, 10),
            FeatureColumn("periodicity", "1", "0 noise to 1 a perfect period", 0.9, 0.06),
            FeatureColumn("tilt", "dB/octave", "slope of the spectrum, 100 to 5000 Hz", -5.5, 3.3),
            FeatureColumn("alpha_ratio", "dB", "1 to 5 kHz against 50 Hz to 1 kHz", -14.5, 8.6),
            FeatureColumn("hammarberg", "dB", "strongest below 2 kHz against strongest of 2 to 5 kHz", 26, 9.5),
            FeatureColumn("centroid", "Hz", "centre of the spectrum, 100 to 5000 Hz", 500, 340),
            FeatureColumn("flux", "1", "change of the spectrum from one voiced frame to the next", 0.5, 0.34),
            FeatureColumn(
                "arousal",
                "1",
                "of the whole utterance against the population of voices, -1 to 1, the same in every row",
            ),
        ),
        300,
        _BINS,
    ),
    "vision": FeatureTable(
        (
            FeatureColumn("seen", "share", "pictures that show the speaker's face; without any the row is zero"),
            FeatureColumn("eyes_seen", "share", "of these, with eyes that can be judged"),
            FeatureColumn("expression_seen", "share", "of these, with an expression"),
            FeatureColumn("eye_opening", "1", "lid aperture over eye width, over pictures with eyes", 0, 0.4),
            FeatureColumn("mouth", "1", "inner-lip height over mouth width", 0, 0.2),
            FeatureColumn("yaw", "deg", "turn of the head, as in edge.vision.geometry", 0, 30),
            FeatureColumn("pitch", "deg", "nod of the head", 0, 30),
            FeatureColumn("roll", "deg", "tilt of the head", 0, 30),
            *(FeatureColumn(name, "probability", "expression, over pictures with one") for name in EXPRESSIONS),
        ),
        300,
        _BINS,
    ),
}
"""Centres and spreads of audio are the mean and the deviation of 2,658 rows: 77 utterances of EmoDB, AISHELL-1 and
GRID. Those of vision are round numbers of the order of the values. All texts of the table are part of the digest: a
changed word makes trained models unusable."""


def description() -> dict[str, Any]:
    """The kind of features, for checkpoints and manifests: a model works only with the features it was trained on."""
    tables = {name: asdict(table) for name, table in TABLES.items()}
    digest = hashlib.sha256(json.dumps([VERSION, RATE_HZ, tables], sort_keys=True).encode()).hexdigest()
    return {
        "version": VERSION,
        "digest": digest[:16],
        "rate_hz": RATE_HZ,
        "dims": {name: table.width for name, table in TABLES.items()},
        "most_rows": {name: table.most for name, table in TABLES.items()},
    }
