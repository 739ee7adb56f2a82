"""A provider that does not load is refused with a sentence; no session falls back to the CPU in silence."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.gpu.step import Context, FailedError, Finding
from edge.bundle.bundle import Bundle

_CHILD = """
import sys
from edge.bundle.bundle import Bundle
from edge.error import EmvasError
bundle = Bundle(sys.argv[1], sys.argv[2])
try:
    print("took", bundle.session(sys.argv[3]).provider)
except EmvasError as error:
    print("refused", error)
"""


def ask(context: Context) -> Finding:
    """Ask for each GPU provider with every GPU hidden from the process."""
    role = next(iter(Bundle(context.bundle).manifest.roles))
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "NVIDIA_VISIBLE_DEVICES": "none"}
    said = {}
    for provider in ("cuda", "tensorrt"):
        command = [sys.executable, "-c", _CHILD, str(context.bundle), provider, role]
        done = subprocess.run(command, env=hidden, capture_output=True, text=True, check=False)
        said[provider] = (done.stdout or done.stderr).strip().splitlines()[-1]
        if not said[provider].startswith("refused"):
            raise FailedError(f"{provider} without a GPU: {said[provider]}", said)
    return Finding("CUDA and TensorRT without a GPU are refused with a sentence", said)
