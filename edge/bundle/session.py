"""ONNX Runtime sessions: the provider that really runs, no silent fallback, and TensorRT's engine of a graph.

A TensorRT engine fits one graph, one profile, one onnxruntime, one TensorRT and one GPU. The folders of the cache are
named after all of them, so an engine that does not fit is never opened.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.bundle.manifest import BundleError, Graph, Profile, Variant

Provider = Literal["cpu", "cuda", "tensorrt"]

PROVIDERS: dict[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
"""Names in a configuration, and onnxruntime's names."""

Array = npt.NDArray[Any]


class ProviderError(BundleError):
    """The requested provider does not run on this machine."""


def session_options(provider: Provider, threads: int) -> ort.SessionOptions:
    """The settings of a session. On TensorRT, a graph that would run partly on the CPU is refused."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps memory for the largest input: off, a 25 s utterance takes 70 MB less at its peak, at no cost.
    options.enable_cpu_mem_arena = False
    if provider == "tensorrt":
        # Not on CUDA: onnxruntime runs arithmetic on shapes on the CPU by design.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    return options


class Session:
    """One graph, ready to run; `provider` is the one that onnxruntime really uses."""

    def __init__(
        self, path: Path, provider: Provider = "cpu", threads: int = 1, engine: Mapping[str, str] | None = None
    ) -> None:
        """Open `path`; `engine` are the options of the TensorRT provider (`edge.bundle.session.Engine`)."""
        settings = session_options(provider, threads)
        try:
            self._session = ort.InferenceSession(
                str(path), settings, providers=[PROVIDERS[provider]], provider_options=[dict(engine or {})]
            )
        except Exception as error:  # the exceptions of onnxruntime are not exported
            raise BundleError(
                f"{path} cannot be loaded by onnxruntime {ort.__version__} on {provider}: {error}"
            ) from error
        self.provider = self._session.get_providers()[0]
        if self.provider != PROVIDERS[provider]:
            raise ProviderError(
                f"{path.name} was asked to run on {PROVIDERS[provider]} but onnxruntime took {self.provider}. "
                "Install the matching onnxruntime build, or set models.provider to cpu."
            )
        self.input_names: list[str] = [item.name for item in self._session.get_inputs()]
        self.input_shapes: dict[str, list[int | str]] = {item.name: item.shape for item in self._session.get_inputs()}
        """A dimension is a number, or a name if it is free."""
        self.output_names: list[str] = [item.name for item in self._session.get_outputs()]

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Return the named outputs (all of them without `outputs`) for the named inputs."""
        names = list(outputs) if outputs is not None else self.output_names
        values = self._session.run(names, dict(feeds))
        return dict(zip(names, (np.asarray(value) for value in values), strict=True))


PROVEN_FILE = "proven.json"
"""Written beside an engine once the golden self-test passed with it."""
_DIGITS = 16
"""Hexadecimal digits of a hash in a folder's name: 64 bits."""
_PROVIDER = "TensorrtExecutionProvider"
_DRIVER = "libcuda.so.1"
_CAPABILITY = (75, 76)
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR (cuda.h)."""


class NoTensorrtError(BundleError):
    """TensorRT engines cannot be built or run here."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine depends on, besides the graph."""

    gpu: str
    """The driver's name of the GPU, as `Orin`."""
    capability: str
    """Its compute capability, as `8.7`."""
    tensorrt: str
    onnxruntime: str

    @property
    def folder(self) -> str:
        """A folder name that is unique to this combination."""
        text = f"ort-{self.onnxruntime}_trt-{self.tensorrt}_{self.gpu}_sm{self.capability}"
        return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine of one graph on one machine."""

    folder: Path
    options: Mapping[str, str]
    """Options of onnxruntime's TensorRT provider to find or build it."""

    @property
    def proven(self) -> bool:
        """Whether it exists and has passed the golden self-test."""
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
    """The shapes in the provider's form: `input:1x3x64x64,...` for smallest, usual and largest."""
    if not profile:
        return {}
    return {
        f"trt_profile_{which}_shapes": ",".join(
            f"{name}:{'x'.join(map(str, getattr(shapes, which)))}" for name, shapes in profile.items()
        )
        for which in ("min", "opt", "max")
    }


def default_cache() -> Path:
    """The folder of engines: systemd's cache folder for this service, else the user's.

    Raises:
        NoTensorrtError: this user has no home.
    """
    given = os.environ.get("CACHE_DIRECTORY")
    if given:
        return Path(given) / "engines"
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emvas" / "engines"
    except RuntimeError:
        raise NoTensorrtError("this user has no home, so there is no folder for engines: set XDG_CACHE_HOME") from None


@cache
def this_machine() -> Machine:
    """Query driver and libraries. NoTensorrtError says what is missing and what to install."""
    if _PROVIDER not in ort.get_available_providers():
        raise NoTensorrtError(
            f"this onnxruntime {ort.__version__} has no TensorRT: on a machine with an NVIDIA GPU, replace it with "
            "onnxruntime-gpu (the extra `gpu`, on a Jetson NVIDIA's own build)"
        )
    driver = _library(_DRIVER, "there is no NVIDIA driver or no GPU: engines can only be built on the device")
    wanted = linked_tensorrt(Path(ort.__file__).parent / "capi" / "libonnxruntime_providers_tensorrt.so")
    library = _library(wanted, "onnxruntime cannot use TensorRT without it: install NVIDIA's package tensorrt")
    gpu, capability = _gpu(driver)
    return Machine(gpu, capability, version_text(int(library.getInferLibVersion())), ort.__version__)


def linked_tensorrt(provider: Path) -> str:
    """The file name of the TensorRT library that onnxruntime's provider library is linked with."""
    found = re.search(rb"libnvinfer\.so\.\d+", provider.read_bytes()) if provider.is_file() else None
    if found is None:
        raise NoTensorrtError(f"{provider} names no libnvinfer: this onnxruntime was built without TensorRT")
    return found.group().decode()


def version_text(number: int) -> str:
    """TensorRT's version number (since 10) as text: 100300 is 10.3.0."""
    major, rest = divmod(number, 10000)
    return f"{major}.{rest // 100}.{rest % 100}"


def _library(name: str, otherwise: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise NoTensorrtError(f"{name} cannot be loaded: {otherwise}") from error


def _gpu(driver: ctypes.CDLL) -> tuple[str, str]:
    """Name and compute capability of device 0, from the CUDA driver."""
    device, name = ctypes.c_int(), ctypes.create_string_buffer(128)
    numbers = [ctypes.c_int(), ctypes.c_int()]
    codes = [driver.cuInit(0), driver.cuDeviceGet(ctypes.byref(device), 0)]
    codes.append(driver.cuDeviceGetName(name, len(name), device))
    codes += [
        driver.cuDeviceGetAttribute(ctypes.byref(number), attribute, device)
        for number, attribute in zip(numbers, _CAPABILITY, strict=True)
    ]
    if failed := next((code for code in codes if code), None):
        raise NoTensorrtError(f"the NVIDIA driver answers with error {failed}: see that `nvidia-smi` finds a GPU")
    return name.value.decode(), f"{numbers[0].value}.{numbers[1].value}"
