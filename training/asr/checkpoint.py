"""The file of a trained model: `emvas-asr-1`, one `.pt` that holds plain values and tensors only."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edge.error import EmvasError
from training.checkpoint_checks import content_fault, misfit

FORMAT = "emvas-asr-1"
_KINDS = {"config": dict, "vocabulary": list, "features": str, "state": dict}


class AsrCheckpointError(EmvasError):
    """The checkpoint cannot be used; the message names the file and the fault."""


@dataclass(frozen=True, slots=True)
class AsrCheckpoint:
    """A trained model."""

    path: Path
    config: Mapping[str, Any]
    """The fields of `training.asr.model.ConformerConfig`."""
    vocabulary: list[str]
    """Tokens by number; 0 is the blank, `▁` stands for a space."""
    state: Mapping[str, Tensor]
    features: str
    """The front end of the appliance that it was trained on, a name of `edge.speech.log_mel.FRONT_ENDS`."""
    training_data: str = ""
    measured: Mapping[str, float] = field(default_factory=dict)

    def load_into(self, model: nn.Module) -> None:
        """Load the weights into `model`; raises CheckpointError if they do not fit."""
        if fault := misfit(model, self.state):
            raise AsrCheckpointError(f"{self.path}: its weights do not fit its config: {fault}")
        model.load_state_dict(dict(self.state))

    def save(self) -> None:
        """Write the file atomically."""
        content = {
            "format": FORMAT,
            "config": dict(self.config),
            "vocabulary": self.vocabulary,
            "features": self.features,
            "training_data": self.training_data,
            "measured": dict(self.measured),
            "state": dict(self.state),
        }
        write_whole(content, self.path)


def write_whole(content: Mapping[str, Any], path: Path) -> None:
    """`torch.save` under a temporary name, flushed to the disk, then renamed; raises CheckpointError if that fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            torch.save(dict(content), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise AsrCheckpointError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> AsrCheckpoint:
    """Read a checkpoint; raises CheckpointError if it is missing, damaged, or of another kind."""
    if not path.is_file():
        raise AsrCheckpointError(f"{path}: there is no such checkpoint; `emvas train asr` writes one")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
        raise AsrCheckpointError(f"{path}: damaged, or no checkpoint of torch: {error}") from error
    if fault := content_fault(content, FORMAT, _KINDS):
        raise AsrCheckpointError(
            f"{path} is no usable checkpoint of a speech model: {fault}; `emvas train asr` writes one"
        )
    if not all(isinstance(token, str) for token in content["vocabulary"]):
        raise AsrCheckpointError(f"{path}: its vocabulary holds something that is no text; train it again")
    return AsrCheckpoint(
        path,
        content["config"],
        content["vocabulary"],
        content["state"],
        content["features"],
        content.get("training_data", ""),
        content.get("measured", {}),
    )
