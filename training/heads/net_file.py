"""The file of a small trained net: its weights in float16 and its description, in one .npz."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edge.error import EmvasError


class NetFileError(EmvasError):
    """The file does not hold the net; the message names the file and the module that writes one."""


def write_net(net: nn.Module, format_name: str, about: Mapping[str, Any], path: Path) -> None:
    """Write `path` atomically; `read_net` expects the same `format_name`."""
    arrays = {name: value.numpy() for name, value in net.state_dict().items()}
    small = {name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in arrays.items()}
    part = path.with_name(f"{path.stem}.part.npz")
    description = np.array(json.dumps({"format": format_name, **about}))
    np.savez_compressed(part, about=description, **small)  # type: ignore[arg-type]
    part.replace(path)


def read_net(net: nn.Module, format_name: str, path: Path, maker: str) -> dict[str, Any]:
    """Load the weights of `path` into `net`, set it to evaluation mode, and return its description.

    Raises:
        NetFileError: `path` is not such a file; `maker` is the module that writes one.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        about: dict[str, Any] = json.loads(str(arrays.pop("about")))
        if about["format"] != format_name:
            raise ValueError(f"its format is {about['format']!r}, not {format_name!r}")
        wanted = net.state_dict()
        net.load_state_dict({name: torch.from_numpy(arrays[name]).to(wanted[name].dtype) for name in wanted})
    except (OSError, EOFError, ValueError, KeyError, RuntimeError) as error:
        raise NetFileError(f"{path} is no {format_name} checkpoint: {error}; make it by {maker}") from error
    net.eval()
    return about
