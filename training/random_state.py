"""Torch's random numbers of one process: kept with a run's state, so that it goes on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def random_state() -> dict[str, Any]:
    """Where they stand, on the CPU and on this process's GPU."""
    return {"cpu": torch.get_rng_state(), "gpu": torch.cuda.get_rng_state() if torch.cuda.is_available() else None}


def set_random_state(state: Mapping[str, Any]) -> None:
    """Go on from there."""
    torch.set_rng_state(state["cpu"])
    if state["gpu"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["gpu"])
