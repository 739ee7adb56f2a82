"""onnxruntime's TensorRT provider: which engine a graph needs on this machine, where it is kept, with which options.

An engine fits one graph, one profile, one onnxruntime, one TensorRT and one GPU; change any of them and it must be
built again. So the cache's folders are named after all of them, and what is out of date is never even looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.manifest import Graph, Profile, Variant

PROVEN_FILE = "proven.json"
"""Written beside an engine once the golden self-test passed with it."""
_DIGITS = 16
"""Hexadecimal digits of a hash in a folder's name: 64 bits."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What else an engine depends on, beside the graph."""

    gpu: str
    """The driver's name of the GPU, as `Orin`."""
    capability: str
    """Its compute capability, as `8.7`."""
    tensorrt: str
    onnxruntime: str

    @property
    def folder(self) -> str:
        """A file name that tells this machine from others."""
        text = f"ort-{self.onnxruntime}_trt-{self.tensorrt}_{self.gpu}_sm{self.capability}"
        return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine of one graph on one machine."""

    folder: Path
    options: Mapping[str, str]
    """What onnxruntime's TensorRT provider is given to find it, or to build it."""

    @property
    def proven(self) -> bool:
        """It is there, and the golden self-test passed with it."""
        return (self.folder / PROVEN_FILE).is_file() and any(self.folder.glob("*.engine"))


def engine_of(variant: Variant, graph: Graph, machine: Machine, cache: Path) -> Engine:
    """The engine that `graph` of `variant` needs on `machine`, below the folder `cache`."""
    chosen = dict(variant.tensorrt.options) if variant.tensorrt is not None else {}
    chosen |= profile_options(graph.profile)
    home = cache / machine.folder
    digest = hashlib.sha256(json.dumps([graph.sha256, sorted(chosen.items())]).encode()).hexdigest()[:_DIGITS]
    folder = home / f"{Path(graph.file).stem}-{digest}"
    kept = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(home),
    }
    return Engine(folder, chosen | kept)


def profile_options(profile: Mapping[str, Profile]) -> dict[str, str]:
    """The shapes as the provider wants them: `input:1x3x64x64,...` for least, usual and largest."""
    if not profile:
        return {}
    return {
        f"trt_profile_{which}_shapes": ",".join(
            f"{name}:{'x'.join(map(str, getattr(shapes, which)))}" for name, shapes in profile.items()
        )
        for which in ("min", "opt", "max")
    }


def default_cache() -> Path:
    """Where engines stay: systemd's cache folder for this service, else the user's."""
    given = os.environ.get("CACHE_DIRECTORY")
    if given:
        return Path(given) / "engines"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emvas" / "engines"
