"""An ONNX Runtime session that reports the provider that really runs and refuses a silent fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.bundle.manifest import BundleError

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
        """Open `path`; `engine` are the options of the TensorRT provider (`edge.bundle.tensorrt.Engine`)."""
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
