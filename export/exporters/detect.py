"""Detects which exporter reads a checkpoint, from the contents of the checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from export.checkpoint import folder_config, read_checkpoint, weights_of
from export.exporters import EXPORTERS, Exporter, Group, OptionError
from export.exporters.mmsa_layout import PREFIX
from export.role_build import BuildError

_FORMATS = {"emvas-fusion-1": "fusion", "emvas-asr-1": "conformer", "emvas-expression-1": "expression"}
"""Format names in the files of our own training."""
_ENDINGS = (("ForCTC", "ctc"), ("ForImageClassification", "vision"))
"""By the architecture that a Hugging Face folder names."""
_FAMILIES = {
    "whisper": "whisper",
    "parakeet_ctc": "ctc",
    **dict.fromkeys(("wav2vec2", "hubert", "wavlm"), "audio"),
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "distilbert", "electra", "albert", "camembert"), "text"),
}
"""By `model_type`."""


def detect(checkpoint: Path, group: Group) -> Exporter:
    """The exporter for a checkpoint.

    Raises:
        BuildError: the checkpoint cannot be read, or belongs to another group. OptionError: its contents do not show
        its kind.
    """
    if not checkpoint.exists():
        raise BuildError(f"{checkpoint} does not exist: name the checkpoint that the training wrote")
    if group == "onnx":
        return EXPORTERS["onnx"]
    name = _of_folder(checkpoint, group) if checkpoint.is_dir() else _of_file(checkpoint)
    names = [row.name for row in EXPORTERS.values() if row.group == group]
    if name is None:
        raise OptionError(f"{checkpoint} does not say what it is: name it with --model ({', '.join(names)})")
    if name not in names:
        other = EXPORTERS[name]
        raise BuildError(f"{checkpoint} is {other.reads}: emvas export {other.group} reads it")
    return EXPORTERS[name]


def _of_folder(folder: Path, group: Group) -> str | None:
    config = folder_config(folder)
    architecture = next(iter(config.get("architectures") or []), "")
    by_ending = next((name for ending, name in _ENDINGS if architecture.endswith(ending)), None)
    if by_ending == "ctc" and group == "encoder":
        return "audio"  # the encoder under the letters
    return by_ending or _FAMILIES.get(str(config.get("model_type")))


def _of_file(path: Path) -> str | None:
    if path.suffix == ".npz":
        return _FORMATS.get(_format_of_arrays(path))
    content = read_checkpoint(path)
    if not isinstance(content, Mapping):
        return None
    if "format" in content:
        return _FORMATS.get(str(content["format"]))
    weights = weights_of(content)
    return "mmsa" if weights and all(str(key).startswith(PREFIX) for key in weights) else None


def _format_of_arrays(path: Path) -> str:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return str(json.loads(str(stored["about"]))["format"])
    except (OSError, ValueError, KeyError) as error:
        raise BuildError(f"{path} is no checkpoint of this project: {error}") from error
