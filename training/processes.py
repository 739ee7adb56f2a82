"""Training in one process or several: the device, the communication under `torchrun`, the state of random numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from edge.error import EmvasError

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""Precisions of a model's arithmetic; its weights are float32 in all of them."""


class DeviceError(EmvasError):
    """The device or precision is not available on this machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """Device and number of this process; `rank` 0 of `world` writes files."""

    device: torch.device
    precision: str = "float32"
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and evaluates."""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """Mixed precision, if `precision` requires it."""
        kind = PRECISIONS[self.precision]
        return torch.autocast(self.device.type, kind, enabled=kind is not None)

    def agreed(self, value: float) -> float:
        """The value of the first process, in all of them."""
        if self.world == 1:
            return value
        box = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(box, 0)
        return float(box)

    def mean(self, value: float) -> float:
        """The mean of the value over the processes."""
        if self.world == 1:
            return value
        box = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.all_reduce(box)
        return float(box) / self.world

    def collected(self, value: Any) -> list[Any]:
        """The values of all processes, in their order."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        distributed.all_gather_object(values, value)
        return values

    def joined(self, value: Tensor) -> Tensor:
        """The rows of all processes, in their order."""
        if self.world == 1:
            return value
        parts = [torch.empty_like(value) for _ in range(self.world)]
        distributed.all_gather(parts, value.contiguous())
        return torch.cat(parts)


@contextmanager
def place(device: str = "auto", precision: str = "auto") -> Iterator[Place]:
    """The place of this process; under `torchrun` it joins the others and takes the GPU of its local rank.

    `auto` is the GPU, if there is one, with mixed precision: bfloat16 if the GPU supports it, else float16.

    Raises: DeviceError: the device is missing, or there are fewer GPUs than processes.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    chosen = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if precision == "auto":
        fast = "bfloat16" if chosen.type == "cuda" and torch.cuda.is_bf16_supported() else "float16"
        precision = fast if chosen.type == "cuda" else "float32"
    if world == 1:
        yield Place(chosen, precision)
        return
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Place(chosen, precision, rank, world)
        distributed.barrier()  # who leaves first closes the connections that the others may still use
    finally:
        distributed.destroy_process_group()


def _device(name: str, local_rank: int) -> torch.device:
    found = torch.cuda.device_count()
    if name == "cpu" or (name == "auto" and not found):
        return torch.device("cpu")
    if local_rank >= found:
        raise DeviceError(f"Process {local_rank} wants a GPU of its own, there are {found}: use --device cpu, or fewer")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def random_state() -> dict[str, Any]:
    """Their states, on the CPU and on the GPU of this process."""
    return {"cpu": torch.get_rng_state(), "gpu": torch.cuda.get_rng_state() if torch.cuda.is_available() else None}


def set_random_state(state: Mapping[str, Any]) -> None:
    """Restore these states."""
    torch.set_rng_state(state["cpu"])
    if state["gpu"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["gpu"])
