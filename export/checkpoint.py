"""Reads checkpoints safely: tensors and plain values only, with one clear error for each fault of a file."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import WeightSource
from export.file_kind import other_kind
from export.role_build import BuildError
from training.checkpoint_checks import listed, misfit

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
"""File names of the weights in a Hugging Face folder, best first."""

_WRAPPINGS = ("state_dict", "model_state_dict", "model_state")
"""Keys under which trainers store the weights, beside epoch and optimizer: Lightning, the tutorials of PyTorch,
fairseq."""
_PREFIXES = ("module.", "_orig_mod.")
"""Prefixes that DataParallel and torch.compile add to each name."""

_REMEDY = "save `model.state_dict()` instead"
_OWNERS = {
    "ultralytics": "it is Ultralytics' own; there `YOLO(file).export(format='onnx')`, here emvas export onnx",
    "fastai": "it is a learner of fastai; save `learn.model.state_dict()`",
    "argparse": "Lightning put the script's arguments in; save `torch.load(file)['state_dict']` where you trust it",
    "omegaconf": "Lightning put its configuration in; save `torch.load(file)['state_dict']` where you trust it",
}
"""By the package of the first foreign object: the program that wrote the file, and the remedy."""


def read_checkpoint(path: Path) -> Any:
    """The content of a .pt, .pth, .bin or .safetensors file; only tensors and plain values are unpickled.

    Raises:
        BuildError: the file is missing, damaged, or holds other objects.
    """
    if not path.is_file():
        raise BuildError(f"{path} is no file: name the checkpoint that the training wrote")
    if fault := other_kind(path):
        raise BuildError(f"{path} is {fault}")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" in str(error).lower() or "Unsupported" in str(error):
            remedy = next((text for name, text in _OWNERS.items() if f"GLOBAL {name}." in str(error)), _REMEDY)
            raise BuildError(f"{path} holds Python objects, which could run code when read: {remedy}") from error
        raise _damaged(path, error) from error
    except (RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile, OSError, IndexError) as error:
        raise _damaged(path, error) from error


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> BuildError:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return BuildError(f"{path} cannot be read as a checkpoint ({first}): it is damaged or cut short; copy it again")


def weights_of(content: Any) -> Any:
    """The weights without the wrapping of a training program: the dict around them, and the prefixes of DataParallel
    and torch.compile.

    Other content is returned unchanged.
    """
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPINGS if isinstance(content.get(key), Mapping)), None)
        if inner is not None:
            content = inner
            continue
        prefix = next((one for one in _PREFIXES if content and all(str(key).startswith(one) for key in content)), None)
        if prefix is None:
            break
        content = {str(key).removeprefix(prefix): value for key, value in content.items()}
    return content


def state_of(path: Path, content: Any) -> dict[str, Tensor]:
    """The tensors by name from the result of `read_checkpoint`; raises BuildError if it is not a state_dict."""
    content = weights_of(content)
    if not isinstance(content, Mapping) or not content:
        raise BuildError(f"{path} holds no state_dict: save `model.state_dict()`")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise BuildError(
                f"{path} holds {name!r}, which is no tensor: it is no state_dict; save `model.state_dict()`"
            )
    return dict(content)


def load_state(
    module: nn.Module, state: Mapping[str, Tensor], path: Path, model: str, stored: Callable[[str], str] = str
) -> None:
    """Load every tensor into the module; BuildError names missing and unexpected ones, and those of another shape.

    `stored` gives the name that a tensor of the module has in the file.
    """
    if fault := misfit(module, state, stored):
        raise BuildError(
            f"{path} does not fit {model}: {fault}; it was written for another model, other sizes or another version"
        )
    module.load_state_dict(dict(state))


def folder_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a Hugging Face folder.

    Raises:
        BuildError: it is missing, is not a JSON object, or has no weights beside it.
    """
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise BuildError(
            f"{folder} holds a LoRA adapter, not a whole model: merge it into its base (merge_and_unload of peft) and "
            "save that"
        )
    if not (folder / "config.json").is_file():
        raise BuildError(f"{folder} has no config.json: give the folder that save_pretrained wrote")
    if not any((folder / name).is_file() for name in _WEIGHTS):
        raise BuildError(f"{folder} has no weights: one of {', '.join(_WEIGHTS)} is wanted beside config.json")
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises BuildError if the file holds something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BuildError(f"{path} cannot be read as JSON: {error}; copy it again") from error
    if not isinstance(content, dict):
        raise BuildError(f"{path} is no JSON object; copy it again")
    return content


def load_folder(loader: Any, folder: Path, heads: Collection[str] = (), **settings: Any) -> nn.Module:
    """A Hugging Face model in float32 from its folder, by `loader.from_pretrained`; no download, no code of the folder
    runs.

    Tensors whose name starts with one of `heads` may be missing or unexpected: the encoder does not need them.

    Raises:
        BuildError: the weights are damaged, or are not those of the architecture that config.json names.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    architecture = ", ".join(folder_config(folder).get("architectures") or ["?"])
    try:
        model, report = loader.from_pretrained(
            str(folder), local_files_only=True, dtype=torch.float32, output_loading_info=True, **settings
        )
    except Exception as error:  # transformers, safetensors and torch raise many classes for a damaged folder
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise BuildError(f"{folder} ({architecture}) cannot be loaded: {first}") from error
    missing = [name for name in report["missing_keys"] if not name.startswith(tuple(heads))]
    extra = [name for name in report["unexpected_keys"] if not name.startswith(tuple(heads))]
    faults = [listed("lacks", sorted(missing)), listed("has besides", sorted(extra))]
    if any(faults):
        raise BuildError(
            f"the weights in {folder} are not those of {architecture}: the file "
            f"{' and '.join(fault for fault in faults if fault)}; put the right config.json beside them"
        )
    if report["mismatched_keys"]:
        name, found, wanted = sorted(report["mismatched_keys"])[0]
        raise BuildError(
            f"the weights in {folder} do not fit config.json: {name} is {tuple(found)}, {tuple(wanted)} is wanted"
        )
    return model.eval()


def sources_of(path: Path, licence: str, origin: str = "") -> list[WeightSource]:
    """The manifest's description of a checkpoint: one file, or the weights and configuration of a folder."""
    files = [path] if path.is_file() else [path / "config.json", *_weights(path)]
    return [
        WeightSource(archive=path.name, file=file.name, sha256=sha256_of(file), licence=licence, origin=origin)
        for file in files
    ]


def _weights(folder: Path) -> list[Path]:
    first = next(folder / name for name in _WEIGHTS if (folder / name).is_file())
    if first.suffix != ".json":
        return [first]
    return [folder / name for name in sorted(set(read_json(first)["weight_map"].values()))]


def nearest(word: str, words: Collection[str]) -> str:
    """`; did you mean X?`, or the list of all names."""
    near = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(words))}"
