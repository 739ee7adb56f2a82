"""Reads the weights of a TensorFlow.js model: a manifest in JSON, and the numbers, often with eight bits each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge.messages import Float32
from export.role_build import BuildError


def read_tfjs(layout: Path, weights: Path) -> dict[str, Float32]:
    """Every tensor by name, in TensorFlow's order of axes; raises BuildError if the two files do not fit."""
    try:
        (group,) = json.loads(layout.read_text(encoding="utf-8"))
        stored, place, found = weights.read_bytes(), 0, {}
        for entry in group["weights"]:
            found[entry["name"]], place = _tensor(entry, stored, place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{layout} and {weights} are no weights of TensorFlow.js: {error}") from error
    if place != len(stored):
        raise BuildError(
            f"{weights} holds {len(stored)} bytes, {layout} describes {place}: they do not belong together"
        )
    return found


def _tensor(entry: Mapping[str, Any], stored: bytes, place: int) -> tuple[Float32, int]:
    """The tensor that begins at byte `place`, and the first byte of the next one."""
    count, coded = int(np.prod(entry["shape"])), entry.get("quantization")
    kind = np.dtype(coded["dtype"] if coded else entry["dtype"])
    values = np.frombuffer(stored, kind, count, place).astype(np.float32)
    if coded:
        values = values * np.float32(coded["scale"]) + np.float32(coded["min"])
    return values.reshape(entry["shape"]), place + count * kind.itemsize
