"""Checkpoints of fusion models: one file, `emvas-fusion-1`, from which the model can be built again.

Keys: `format`, `model`, `config`, `dims`, `features` (what the columns are), `state`; from a training run also
`dataset`, `seed`, `epoch`, `validation_error`, in the best checkpoint of a finished run `correlation` (with the labels
of the validation split, by set of modalities), and in the last one `resume` (all that goes on from there).
"""

from __future__ import annotations

import contextlib
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from edge.error import EmvasError
from training.checkpoint_checks import content_fault, misfit
from training.fusion.layers.heads import MODALITIES
from training.fusion.models import FusionError, build
from training.fusion.models.base import FusionNet

FORMAT = "emvas-fusion-1"
_KINDS = {"model": str, "config": dict, "dims": dict, "features": dict, "state": dict}


class FusionCheckpointError(EmvasError):
    """The checkpoint cannot be read or written; the message names the file and what to do."""


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically; a power cut leaves the old one or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            torch.save({"format": FORMAT, **content}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder may be a file
            part.unlink()
        raise FusionCheckpointError(f"{path} cannot be written: {error.strerror or error}") from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU; no code in it is run.

    Raises: CheckpointError: it is missing, damaged or of another kind, lacks a key, or holds NaN weights.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FusionCheckpointError(f"{path}: there is no such checkpoint") from None
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FusionCheckpointError(f"{path} cannot be read as a checkpoint: {reason}") from error
    if fault := content_fault(content, FORMAT, _KINDS):
        raise FusionCheckpointError(f"{path} is no usable checkpoint of a fusion model: {fault}; train it again")
    dims = content["dims"]
    if set(dims) != set(MODALITIES) or not all(isinstance(size, int) and size > 0 for size in dims.values()):
        raise FusionCheckpointError(
            f"{path}: dims is {dims}, the columns of text, audio and vision are wanted; train it again"
        )
    return content


def model_of(content: Mapping[str, Any], where: str) -> FusionNet:
    """The model of a checkpoint, in evaluation mode.

    Raises:
        CheckpointError: the weights are not those of the model that it names.
    """
    try:
        model = build(content["model"], content["dims"], content["config"])
    except FusionError as error:
        raise FusionCheckpointError(f"{where}: {error}") from error
    if fault := misfit(model, content["state"]):
        raise FusionCheckpointError(f"{where}: the weights do not fit {content['model']}: {fault}")
    model.load_state_dict(content["state"])
    return model.eval()
