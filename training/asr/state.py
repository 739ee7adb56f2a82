"""The state of a training run on the disk, from which it continues as if it had never stopped."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from edge.error import EmvasError
from training.asr.checkpoint import write_whole

FORMAT = "emvas-asr-state-1"


class StateError(EmvasError):
    """A run cannot continue from this state; the message names the file and the difference."""


def save_state(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write the state atomically; `identity` holds what must be the same to continue."""
    write_whole({"format": FORMAT, "identity": _digests(identity), **state}, path)


def load_state(path: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """Read a state of the same run; raises StateError if it is damaged or of another run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StateError(f"{path}: there is no such state; a run writes last.pt into its folder") from None
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise StateError(f"{path}: damaged, or no state of a run: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StateError(f"{path}: is no state of a run; give the last.pt of one")
    now = _digests(identity)
    if other := sorted(key for key in now if content["identity"].get(key) != now[key]):
        raise StateError(f"{path}: is of a run with other {', '.join(other)}; choose another --out, or the same again")
    return content


def _digests(identity: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest() for key, value in identity.items()
    }
