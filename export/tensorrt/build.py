"""A real TensorRT parse and build of a graph, in a process of its own, where tensorrt-rtx is installed.

tensorrt-rtx builds without a GPU and refuses what TensorRT refuses (int32 bias, zero-points, dynamic quantization), but
it is another product than a Jetson's TensorRT. A graph that it accepts is very likely accepted there; `emvas export
engine` on the device decides.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import onnx

from edge.bundle.manifest import EngineBuild
from export.role_build import BuildError
from export.tensorrt.profile import Axes, inputs_of, profile_of

EngineResult = EngineBuild

_LIMIT_S = 600.0
"""The largest graph of the default bundle takes 5 s."""
_MOST_ERRORS = 5
_NAME = "tensorrt-rtx"


def builder_missing() -> str:
    """Why no engine can be built here; empty if one can."""
    if importlib.util.find_spec("tensorrt_rtx") is None:
        return f"{_NAME} is not installed (it exists for Linux on x86-64): pip install {_NAME}"
    return ""


def build_engine(path: Path, axes: Axes, limit_s: float = _LIMIT_S) -> EngineResult:
    """Parse and build the graph in `path`; the result names unsupported operators.

    Raises:
        BuildError: tensorrt-rtx is not installed, or `axes` leave a free dimension without sizes.
    """
    if missing := builder_missing():
        raise BuildError(missing)
    profile = profile_of(inputs_of(onnx.load(path, load_external_data=False).graph), axes)
    given = json.dumps({name: shapes.model_dump() for name, shapes in profile.items()})
    command = [sys.executable, "-m", "export.tensorrt.build_process", str(path.resolve())]
    search = os.pathsep.join(path for path in sys.path if path)
    try:
        child = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired:
        return _failed(limit_s, f"{_NAME} was not done after {limit_s:g} s")
    if child.returncode != 0:
        return _failed(
            0.0, f"{_NAME} {_end(child.returncode)}: {(child.stderr.strip().splitlines() or ['no reason'])[-1]}"
        )
    result = EngineBuild.model_validate_json(child.stdout.strip().splitlines()[-1])
    more = len(result.errors) - _MOST_ERRORS
    if more <= 0:
        return result
    return result.model_copy(update={"errors": [*result.errors[:_MOST_ERRORS], f"and {more} more"]})


def _failed(seconds: float, reason: str) -> EngineResult:
    return EngineBuild(builder=_NAME, seconds=seconds, engine_bytes=None, errors=[reason])


def _end(code: int) -> str:
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
