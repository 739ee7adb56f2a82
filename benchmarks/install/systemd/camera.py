"""A network camera as a process of its own: `python -m benchmarks.install.systemd.camera MOVING.ts STILL.ts PORT`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from benchmarks.endurance.camera import LoopCamera


def main() -> None:
    """Serve until SIGTERM."""
    camera = LoopCamera(Path(sys.argv[1]), Path(sys.argv[2]))
    camera.port = int(sys.argv[3])
    with camera:
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
