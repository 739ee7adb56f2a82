"""The machine: GPU, driver, memory, what onnxruntime and torch can use of it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib.metadata import version

import onnxruntime as ort

from benchmarks.gpu.step import AbsentError, Context, Finding
from edge.bundle.session import NoTensorrtError, this_machine
from export.report.machine import machine

_QUERY = ("name", "driver_version", "memory.total", "compute_cap")


def ask(context: Context) -> Finding:
    """AbsentError when there is no GPU to prove anything on."""
    figures = machine() | {
        "python": platform.python_version(),
        "torch": version("torch"),
        "providers": ort.get_available_providers(),
        "tensorrt": _tensorrt(),
    }
    if context.dry:
        return Finding(f"CPU, dry run: {figures['cpu']}", figures)
    gpus = _gpus()
    if not gpus:
        raise AbsentError("nvidia-smi finds no GPU here; --dry runs every step on the CPU")
    return Finding(f"{'; '.join(gpus)}; TensorRT: {figures['tensorrt']}", figures | {"gpus": gpus})


def _gpus() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def _tensorrt() -> str:
    try:
        return this_machine().folder
    except NoTensorrtError as missing:
        return f"none: {missing}"
