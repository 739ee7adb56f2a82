"""MMSA's pickles: published feature files train here, ours train in MMSA.

A pickle is `{split: {key: array or list}}` with the keys of MMSA-FET; labels of single modalities only for CH-SIMS.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.fusion import MODALITIES
from training.features.dataset import LABELS, SPLITS, Features, FeaturesError
from training.features.pickles import Stored, read_pickle

_LABEL_KEYS = {name: name.replace("label", "regression_labels", 1) for name in LABELS}
_SPLIT_KEYS = {"train": "train", "valid": "valid", "dev": "valid", "test": "test"}
"""Names of a split: MMSA reads `valid`, files of CMU-MultimodalSDK have `dev`."""
_COLUMNS = "emvas_columns"
"""Key beside the splits: the description of the columns, as JSON, in our files. MMSA reads only the splits."""
_CLASSES = ("Negative", "Neutral", "Positive")
"""MMSA's `annotations`, and as 0, 1, 2 its `classification_labels`: the sign of the label."""

Arrays = dict[str, npt.NDArray[Any]]


def read_mmsa(path: Path) -> Features:
    """Read and check a pickle of features.

    Raises:
        FeaturesError: it is not such a pickle, lacks a key, or no row can be used; the message names file, split and
        key.
    """
    content = read_pickle(path)
    if not isinstance(content, dict) or not any(key in content for key in _SPLIT_KEYS):
        raise FeaturesError(f"{path} is no feature file of MMSA: it has none of {', '.join(SPLITS)} at its top")
    parts = [_part(path, split, content[key]) for key, split in _SPLIT_KEYS.items() if key in content]
    parts = [part for part in parts if len(part["label"])]
    if not parts:
        raise FeaturesError(f"{path}: every split is empty")
    try:
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    except ValueError as error:
        raise FeaturesError(f"{path}: the splits do not fit together: {error}") from error
    meta: dict[str, Any] = {"origin": f"MMSA pickle {path.name}"}
    if isinstance(content.get(_COLUMNS), str):
        try:
            meta["features"] = json.loads(content[_COLUMNS])
        except ValueError as error:
            raise FeaturesError(f"{path}: {_COLUMNS} is no JSON ({error}): write the file again") from error
    return Features.checked(joined, meta, str(path))


def write_mmsa(features: Features, path: Path) -> None:
    """Write features as MMSA's pickle, atomically.

    An absent modality is one row of zeros, since MMSA needs a length; `presence` and `text_lengths` are additional
    keys. Labels of a modality are written if every row has one.
    """
    content: dict[str, Any] = {split: _written(features.select(features.split == split)) for split in SPLITS}
    if "features" in features.meta:
        content[_COLUMNS] = json.dumps(features.meta["features"])
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            pickle.dump(content, stream, protocol=4)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FeaturesError(f"{path} cannot be written: {error.strerror or error}") from error


def _written(features: Features) -> dict[str, Any]:
    side = np.sign(features.label).astype(int) + 1
    lengths = {f"{name}_lengths": np.maximum(getattr(features, f"{name}_length"), 1).tolist() for name in MODALITIES}
    labels = {key: getattr(features, name) for name, key in _LABEL_KEYS.items()}
    return {
        "raw_text": features.raw_text.tolist(),
        "id": features.id.tolist(),
        **{name: getattr(features, name) for name in MODALITIES},
        **lengths,
        "presence": features.presence,
        "annotations": [_CLASSES[index] for index in side],
        "classification_labels": side,
        **{key: values for key, values in labels.items() if not np.isnan(values).any()},
    }


def _part(path: Path, split: str, content: Any) -> Arrays:
    """The arrays of one split by our names."""
    where = f"{path}: {split}"
    if not isinstance(content, dict):
        raise FeaturesError(f"{where} is no dictionary of arrays")
    arrays: Arrays = {name: _array(where, content, name, np.float32) for name in MODALITIES}
    for name in MODALITIES:
        if arrays[name].ndim != 3:
            raise FeaturesError(f"{where}: {name} has the shape {arrays[name].shape}, not (N, length, columns)")
    arrays["audio"] = np.where(np.isneginf(arrays["audio"]), np.float32(0), arrays["audio"])
    rows = len(arrays["text"])
    for name, key in _LABEL_KEYS.items():
        needed = name == "label" or key in content
        values = _array(where, content, key, np.float32) if needed else np.full(rows, np.nan, np.float32)
        arrays[name] = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    for name in MODALITIES:
        arrays[f"{name}_length"] = _length(where, content, name, arrays[name])
    seen = np.stack([arrays[f"{name}_length"] > 0 for name in MODALITIES], axis=1)
    arrays["presence"] = _array(where, content, "presence", np.float32) if "presence" in content else seen
    arrays["presence"] = arrays["presence"].astype(np.float32)
    arrays["id"] = _texts(content.get("id"), [f"{split}_{row}" for row in range(rows)])
    arrays["raw_text"] = _texts(content.get("raw_text"), [""] * rows)
    arrays["split"] = np.full(rows, split)
    return arrays


def _length(where: str, content: Mapping[str, Any], name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Lengths in the file; for text BERT's attention mask; else up to the last row that is not all zero."""
    if f"{name}_lengths" in content:
        lengths = _array(where, content, f"{name}_lengths", np.int64).reshape(-1)
        return np.minimum(lengths, values.shape[1])  # MMSA cuts the values and does not change the lengths
    if name == "text" and "text_bert" in content:
        mask = _array(where, content, "text_bert", np.float32)
        if mask.ndim == 3 and mask.shape[1] == 3:
            length: npt.NDArray[np.int64] = (mask[:, 1] > 0).sum(axis=1)
            return np.minimum(length, values.shape[1])
    filled = (values != 0).any(axis=2)
    return np.where(filled.any(axis=1), filled.shape[1] - np.argmax(filled[:, ::-1], axis=1), 0)


def _array(where: str, content: Mapping[str, Any], key: str, kind: type[Any]) -> npt.NDArray[Any]:
    if key not in content:
        raise FeaturesError(f"{where} lacks {key}; it has {', '.join(map(str, content))}")
    stored = content[key]
    try:
        return np.asarray(stored.value if isinstance(stored, Stored) else stored).astype(kind)
    except (TypeError, ValueError) as error:
        raise FeaturesError(f"{where}: {key} is no array of numbers: {error}") from error


def _texts(stored: Any, otherwise: list[str]) -> npt.NDArray[np.str_]:
    values = stored.value.tolist() if isinstance(stored, Stored) else stored
    return np.array([str(value) for value in (otherwise if values is None else values)])
