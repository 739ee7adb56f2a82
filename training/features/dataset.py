"""A feature file: padded sequences of text, audio and vision, their labels and splits, in one `.npz`."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.fusion import MODALITIES
from edge.error import EmvasError

_log = logging.getLogger(__name__)

SPLITS = ("train", "valid", "test")
LABELS = ("label", "label_T", "label_A", "label_V")
_LENGTHS = tuple(f"{name}_length" for name in MODALITIES)
_TEXTS = ("id", "split", "raw_text")
_ARRAYS = (*MODALITIES, *_LENGTHS, "presence", *LABELS, *_TEXTS)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


class FeaturesError(EmvasError):
    """Features or labels cannot be used; the message names the file, and the row if there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """N samples; a row is zero after its length; an absent modality has length 0 and only zeros."""

    text: Floats
    """(N, Lt, Dt)."""
    audio: Floats
    """(N, La, Da)."""
    vision: Floats
    """(N, Lv, Dv)."""
    text_length: Integers
    audio_length: Integers
    vision_length: Integers
    presence: Floats
    """(N, 3), 1 for each present modality of text, audio, vision, else 0."""
    label: Floats
    """(N,), the felt score: -1..1 (CH-SIMS) or -3..3 (MOSI, MOSEI)."""
    label_T: Floats  # noqa: N815 (the data set's own name)
    """(N,), the score of the text alone; NaN if it was not rated. `label_A` and `label_V` likewise."""
    label_A: Floats  # noqa: N815
    label_V: Floats  # noqa: N815
    id: Texts
    """(N,), as `VIDEO$_$CLIP`, the key of MMSA."""
    split: Texts
    """(N,), one of `SPLITS`."""
    raw_text: Texts
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Meaning and rates of the columns, bundle and versions; `features` in it goes into checkpoints."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def dims(self) -> dict[str, int]:
        """Columns of each modality."""
        return {name: int(getattr(self, name).shape[2]) for name in MODALITIES}

    def select(self, rows: npt.NDArray[Any] | Sequence[int]) -> Features:
        """Some rows, by a mask or by their numbers."""
        chosen = np.asarray(rows) if len(rows) else np.zeros(0, np.int64)
        return dataclasses.replace(self, **{name: getattr(self, name)[chosen] for name in _ARRAYS})

    def of(self, split: str, where: str = "the features") -> Features:
        """The rows of one split.

        Raises: FeaturesError: it has no rows.
        """
        rows = self.split == split
        if not rows.any():
            counts = ", ".join(f"{name} {int((self.split == name).sum())}" for name in SPLITS)
            raise FeaturesError(f"{where}: the split {split} is empty ({counts} rows): give rows the mode {split}")
        return self.select(rows)

    def expect(self, dims: Mapping[str, int], where: str) -> None:
        """Check that features have the columns of a model; FeaturesError names both."""
        for name, wanted in dims.items():
            if self.dims[name] != wanted:
                raise FeaturesError(
                    f"{where}: {name} has {self.dims[name]} columns, the model wants {wanted}: use features of the "
                    "kind that it was trained on"
                )

    def save(self, path: Path) -> None:
        """Write `path` atomically."""
        content = {name: getattr(self, name) for name in _ARRAYS}
        write_npz(path, content | {"meta": np.array(json.dumps(self.meta, ensure_ascii=False))})

    @classmethod
    def load(cls, path: Path) -> Features:
        """Read and check `path`; an unusable row is left out, with a warning that names it.

        Raises: FeaturesError: it is not a feature file, its shapes do not fit, or no row can be used.
        """
        content = read_npz(path, (*_ARRAYS, "meta"))
        try:
            meta = json.loads(str(content.pop("meta")))
        except ValueError as error:
            raise FeaturesError(f"{path}: meta is no JSON ({error}): write the file again") from error
        return cls.checked(content, meta, str(path))

    @classmethod
    def checked(cls, content: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any], where: str) -> Features:
        """Features of arrays by name, as `load` checks them; `where` names them in messages."""
        problems = _shape_problems(content)
        if problems:
            raise FeaturesError(f"{where}: {'; '.join(problems)}")
        kinds = dict.fromkeys(_LENGTHS, np.int64) | dict.fromkeys((*MODALITIES, "presence", *LABELS), np.float32)
        arrays = {name: np.asarray(content[name]).astype(kinds.get(name, np.str_), copy=False) for name in _ARRAYS}
        features = cls(**arrays, meta=meta)
        bad = row_problems(features)
        for row, problem in bad.items():
            _log.warning("%s: row %d (%s) is left out: %s", where, row, features.id[row], problem)
        if len(bad) == len(features):
            first = next(iter(bad.values()), "it is empty")
            raise FeaturesError(f"{where}: none of its {len(features)} rows can be used: {first}")
        kept = features.select([row for row in range(len(features)) if row not in bad]) if bad else features
        return _cleared(kept)


def row_problems(features: Features) -> dict[int, str]:
    """Faults of single rows, by row number from 0."""
    problems: dict[int, str] = {}

    def note(rows: npt.NDArray[np.bool_], problem: str) -> None:
        for row in np.flatnonzero(rows).tolist():
            problems.setdefault(row, problem)

    note(~np.isfinite(features.label), "its label is no number")
    note(~np.isin(features.split, SPLITS), f"its split is none of {', '.join(SPLITS)}")
    note(~np.isin(features.presence, (0, 1)).all(axis=1), "its presence is neither 0 nor 1")
    note(~features.presence.any(axis=1), "it has no modality")
    _, first = np.unique(features.id, return_index=True)
    note(~np.isin(np.arange(len(features)), first), "its id is there already")
    for index, name in enumerate(MODALITIES):
        values, length = getattr(features, name), getattr(features, f"{name}_length")
        note(~np.isfinite(values).all(axis=(1, 2)), f"{name} holds NaN or infinity")
        note((length < 0) | (length > values.shape[1]), f"{name}_length is not within 0..{values.shape[1]}")
        note((features.presence[:, index] == 1) & (length == 0), f"{name} is said to be there but has length 0")
    return dict(sorted(problems.items()))


def _cleared(features: Features) -> Features:
    """The features with zeros after a row's length and in absent modalities."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for index, name in enumerate(MODALITIES):
        values, present = getattr(features, name), features.presence[:, index] == 1
        length = np.where(present, getattr(features, f"{name}_length"), 0)
        inside = np.arange(values.shape[1]) < length[:, None]
        arrays |= {name: np.where(inside[:, :, None], values, np.float32(0)), f"{name}_length": length}
    return dataclasses.replace(features, **arrays)


def _shape_problems(content: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    rows = len(content["label"]) if content["label"].ndim else 0
    wanted = dict.fromkeys(MODALITIES, ("N", "length", "columns")) | {"presence": ("N", "3")}
    problems = []
    for name in _ARRAYS:
        array, shape = content[name], wanted.get(name, ("N",))
        fits = array.ndim == len(shape) and len(array) == rows and 0 not in array.shape[2:]
        if not fits or (name == "presence" and array.shape[1] != len(MODALITIES)):
            problems.append(f"{name} has the shape {array.shape}, it should be ({', '.join(shape)}) with N = {rows}")
        elif (name in _TEXTS) != (array.dtype.kind == "U") or array.dtype.kind not in "fiuU":
            problems.append(f"{name} holds {array.dtype}, it should hold {'text' if name in _TEXTS else 'numbers'}")
    return problems


def write_npz(path: Path, content: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays as a compressed .npz, atomically."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            np.savez_compressed(stream, **dict(content))  # type: ignore[arg-type]
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FeaturesError(f"{path} cannot be written: {error.strerror or error}") from error


def read_npz(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Read the named arrays of an .npz; objects are refused.

    Raises:
        FeaturesError: the file is missing, damaged, or lacks one of them.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise FeaturesError(f"{path} is one array, not an .npz of features")
            missing = [name for name in names if name not in stored.files]
            if missing:
                raise FeaturesError(f"{path} lacks {', '.join(missing)}: it is no feature file of this program")
            return {name: stored[name] for name in names}
    except FileNotFoundError as error:
        raise FeaturesError(f"{path}: there is no such file; make it with `emvas features`") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise FeaturesError(f"{path} cannot be read as features: {error}; make it again") from error
