"""Checkpoints of fusion models: one file, `emvas-fusion-1`, that holds all needed to build the model again.

Keys: `format`, `model`, `config`, `dims`, `features` (what the columns are), `state`; from a training run also
`dataset`, `seed`, `epoch`, `validation_error`, in the best checkpoint of a finished run `correlation` (with the labels
of the validation split, by set of modalities), and in the last one `resume` (all that goes on from there).
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from edge.error import EmvasError
from training.fusion.models import build
from training.fusion.models.base import FusionModel

FORMAT = "emvas-fusion-1"
_KEYS = ("model", "config", "dims", "features", "state")


class CheckpointError(EmvasError):
    """A checkpoint that cannot be read or written; the message names the file and what to do."""


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all, also when the power fails."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            torch.save({"format": FORMAT, **content}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"{path} cannot be written: {error.strerror or error}") from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU; nothing in it is run.

    Raises:
        CheckpointError: there is none, it is damaged, of another kind, lacks a key, or holds NaN weights.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such checkpoint") from None
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {reason}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise CheckpointError(f"{path} is no checkpoint of a fusion model: its format is {found!r}, not {FORMAT!r}")
    if missing := [key for key in _KEYS if key not in content]:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}: train it again")
    broken = [name for name, value in content["state"].items() if not torch.isfinite(value).all()]
    if broken:
        raise CheckpointError(f"{path}: NaN or infinity in {', '.join(broken[:3])}: train it again")
    return content


def model_of(content: Mapping[str, Any], where: str) -> FusionModel:
    """The model of a checkpoint, in evaluation mode.

    Raises:
        CheckpointError: the weights are not those of the model that it names.
    """
    model = build(content["model"], content["dims"], content["config"])
    try:
        model.load_state_dict(content["state"])
    except RuntimeError as error:
        faults = " ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise CheckpointError(f"{where}: the weights do not fit {content['model']}: {faults}") from error
    return model.eval()
