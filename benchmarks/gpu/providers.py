"""Which providers the proof asks: CUDA and TensorRT on a GPU, the CPU in a dry run."""

from __future__ import annotations

from collections.abc import Iterator

import onnxruntime as ort

from benchmarks.gpu.step import AbsentError, Context
from edge.bundle.bundle import Bundle
from edge.bundle.session import PROVIDERS, NoTensorrtError, Provider, this_machine


def here(context: Context) -> list[Provider]:
    """The providers that can be asked; AbsentError when onnxruntime has none for a GPU."""
    if context.dry:
        return ["cpu"]
    found: list[Provider] = ["cuda"] if PROVIDERS["cuda"] in ort.get_available_providers() else []
    try:
        this_machine()
        found.append("tensorrt")
    except NoTensorrtError:
        pass  # the step `machine` says why
    if not found:
        raise AbsentError(f"onnxruntime {ort.__version__} has no provider for a GPU; install the extra `gpu`")
    return found


def bundles(context: Context) -> Iterator[tuple[Provider, Bundle]]:
    """The bundle, opened for each provider; engines stay in OUT/engines."""
    for provider in here(context):
        yield provider, Bundle(context.bundle, provider, engines=context.out / "engines")
