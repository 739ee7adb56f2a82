"""A description of the machine on which a card's times were measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import onnxruntime as ort

_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, str | int | float]:
    """CPU, architecture, cores, onnxruntime, and the load of the machine: times on a busy one are too long."""
    return {
        "cpu": _cpu(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        "load_1_min": round(os.getloadavg()[0], 1),
        "onnxruntime": ort.__version__,
    }


def _cpu() -> str:
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
