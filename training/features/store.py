"""The finished clips of a data set, one file each, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.fusion import MODALITIES
from edge.bundle.bundle import sha256_of
from training.features.clip import Clip
from training.features.dataset import FeaturesError, read_npz, write_npz
from training.features.layout import DatasetRow

Array = npt.NDArray[Any]


class ClipStore:
    """A folder of finished clips, each under a name made of its content, its text and how it was computed."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """`settings` holds everything besides the clip on which the numbers depend."""
        self.folder = folder
        self._settings = json.dumps(settings, sort_keys=True)

    def path(self, row: DatasetRow) -> Path | str:
        """The file of the features of a row, or the reason why its clip cannot be read."""
        try:
            content = f"{sha256_of(row.path)}\n{row.text}\n{self._settings}"
        except OSError as error:
            return f"{row.path} cannot be read: {error.strerror or error}"
        return self.folder / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.npz"

    def save(self, path: Path, clip: Clip) -> None:
        """Store one clip, atomically."""
        sequences = {name: getattr(clip.features, name) for name in MODALITIES}
        content: dict[str, Array] = {name: rows for name, rows in sequences.items() if rows is not None}
        about = {"text": clip.text, "utterances": clip.utterances, "present": list(content)}
        write_npz(path, content | {"told": np.array(json.dumps(about, ensure_ascii=False))})

    def load(self, path: Path) -> tuple[dict[str, Array | None], dict[str, Any]]:
        """The sequences of a finished clip by modality, and what was told of it.

        Raises:
            FeaturesError: it is not there, or not whole.
        """
        about = json.loads(str(read_npz(path, ["told"])["told"]))
        kept = read_npz(path, about["present"])
        broken = [name for name, rows in kept.items() if not np.isfinite(rows).all()]
        if broken:
            raise FeaturesError(f"{path}: NaN or infinity in {', '.join(broken)}")
        return {name: kept.get(name) for name in MODALITIES}, about
