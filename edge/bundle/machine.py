"""What a TensorRT engine depends on here: the GPU, TensorRT, onnxruntime; or a sentence on what is missing."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from pathlib import Path

import onnxruntime as ort

from edge.bundle.manifest import BundleError
from edge.bundle.tensorrt import Machine

_PROVIDER = "TensorrtExecutionProvider"
_DRIVER = "libcuda.so.1"
_CAPABILITY = (75, 76)
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR (cuda.h)."""


class NoTensorrtError(BundleError):
    """TensorRT engines can be neither built nor run here."""


@cache
def this_machine() -> Machine:
    """Ask driver and libraries; NoTensorrtError says what is missing and what to install."""
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
    """The file name of the TensorRT library that onnxruntime's provider library was linked with."""
    found = re.search(rb"libnvinfer\.so\.\d+", provider.read_bytes()) if provider.is_file() else None
    if found is None:
        raise NoTensorrtError(f"{provider} names no libnvinfer: this onnxruntime was built without TensorRT")
    return found.group().decode()


def version_text(number: int) -> str:
    """TensorRT's number of itself (since 10) as text: 100300 is 10.3.0."""
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
