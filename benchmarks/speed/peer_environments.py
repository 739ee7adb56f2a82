"""Makes a separate Python environment for each peer program under `build/peers`, on first use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge.error import EmvasError

FOLDER = Path("build/peers")
MEDIAPIPE = ("mediapipe==0.10.14", "numpy<2")
"""The last version whose wheel carries the attention mesh."""


class PeerError(EmvasError):
    """A peer cannot be installed."""


def python_of(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of the environment `name`, with `requirements` in it.

    Raises:
        PeerError: pip does not find them for this Python.
    """
    python = FOLDER / name / "bin" / "python"
    ready = FOLDER / name / ".ready"
    if not ready.is_file():
        steps = ([sys.executable, "-m", "venv", str(FOLDER / name)], [str(python), "-m", "pip", "install", "-q"])
        for command in (steps[0], [*steps[1], *requirements]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise PeerError(
                    f"{' '.join(requirements)} cannot be installed into {FOLDER / name}: {done.stderr[-500:]}"
                )
        ready.touch()
    return python
