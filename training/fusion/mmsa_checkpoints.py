"""Reads the weights that MMSA 2.x writes (`{model}-{dataset}.pth`) into our models.

Such a file is a plain state dict with the prefix `Model.`; hyperparameters are not in it, so they are read off the
shapes. What shapes do not tell is an option: `dims` for ef_lstm, `steps` for mfn, `heads` for mult, and `padded_to`,
the sizes that MMSA padded its data set to (39, 400, 55 for CH-SIMS). With `padded_to` a model judges every sample as
MMSA judged it in training, padding included; without, by true lengths.

A text encoder inside a checkpoint (`text_model.*` of self_mm and mult) is left out: `text` is then that encoder's
output, and the encoder is exported as a text encoder of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from training.fusion.mmsa_layouts import LAYOUTS, State
from training.fusion.models import FusionError, build


class Converted(NamedTuple):
    """An MMSA checkpoint in our terms; `training.fusion.models.build(name, dims, config)` takes `state`."""

    dims: dict[str, int]
    config: dict[str, Any]
    state: dict[str, Tensor]


def from_mmsa(name: str, state: State, options: Mapping[str, Any] | None = None) -> Converted:
    """Convert a state dict of MMSA's model `name`.

    Args:
        name: a key of `LAYOUTS`.
        state: what `torch.load` of the file gives.
        options: `dims`, `steps`, `heads`, `padded_to`, see above.

    Raises:
        FusionError: the model is not among them, an option is missing, or the weights are not those of that model.
    """
    if name not in LAYOUTS:
        raise FusionError(f"MMSA checkpoints of {name!r} cannot be read; those of {', '.join(LAYOUTS)} can")
    layout, options = LAYOUTS[name], options or {}
    theirs = {key.removeprefix("Model."): value for key, value in state.items()}
    try:
        dims, config = layout.shapes(theirs, options)
    except (KeyError, IndexError) as error:
        raise FusionError(f"This is no checkpoint of MMSA's {name}: {error} is not in it") from None
    if "padded_to" in options:
        config["padded_to"] = list(options["padded_to"])
    ours = {}
    for key, value in theirs.items():
        if not re.match(layout.ignored, key):
            renamed = _renamed(key, layout.names)
            form = layout.values(renamed, value, dims, config)
            if form is not None:
                ours[renamed] = form
    _check(name, dims, config, ours)
    return Converted(dims, config, ours)


def _renamed(key: str, names: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in names:
        key, found = re.subn(f"^{pattern}", replacement, key)
        if found:
            break
    return key


def _check(name: str, dims: Mapping[str, int], config: Mapping[str, Any], state: State) -> None:
    wanted = {key: tuple(value.shape) for key, value in build(name, dims, config).state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    both = sorted(wanted.keys() & found.keys())
    wrong = [f"{key} {found[key]}, not {wanted[key]}" for key in both if found[key] != wanted[key]]
    for what, keys in (("lacks", missing), ("has besides", extra), ("has of another shape", wrong)):
        if keys:
            raise FusionError(f"This is no checkpoint of MMSA's {name}: it {what} {', '.join(keys[:5])}")
