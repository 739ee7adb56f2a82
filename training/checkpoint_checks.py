"""Checks a stored checkpoint: missing keys, and weights that do not fit the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

_SHOWN = 3


def content_fault(content: Any, form: str, kinds: Mapping[str, type]) -> str:
    """Why this is not a checkpoint of the format `form` with values of these kinds; empty if it is one.

    `state` must hold tensors without NaN and infinity.
    """
    if not isinstance(content, dict) or content.get("format") != form:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        return f"its format is {found!r}, not {form!r}"
    if missing := [key for key in kinds if key not in content]:
        return listed("it lacks", missing)
    for key, kind in kinds.items():
        if not isinstance(content[key], kind):
            return f"{key} is a {type(content[key]).__name__}, a {kind.__name__} is wanted"
    state = content["state"]
    if alien := [str(name) for name, value in state.items() if not isinstance(value, Tensor)]:
        return listed("no tensors are", alien)
    broken = [name for name, value in state.items() if not torch.isfinite(value).all()]
    return listed("NaN or infinity in", broken)


def misfit(module: nn.Module, state: Mapping[str, Tensor], stored: Callable[[str], str] = str) -> str:
    """The tensors that are missing, unexpected or of another shape; empty if all fit.

    `stored` gives the name that a tensor of the module has in the file.
    """
    wanted = module.state_dict()
    missing = [stored(name) for name in wanted if name not in state]
    extra = [stored(name) for name in state if name not in wanted]
    if missing or extra:
        return "it " + " and ".join(filter(None, (listed("lacks", missing), listed("has besides", extra))))
    for name, value in state.items():
        if value.shape != wanted[name].shape:
            return f"{stored(name)} is {tuple(value.shape)}, {tuple(wanted[name].shape)} is wanted"
    return ""


def listed(verb: str, names: list[str]) -> str:
    """The verb and the first names; empty without names."""
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{verb} {', '.join(names[:_SHOWN])}{rest}" if names else ""
