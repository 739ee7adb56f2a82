"""Nothing that this program runs on tells anybody about the box: the telemetry of its libraries is switched off.

onnxruntime 1.32 writes a device id and a database below the user's cache and looks up its collector's name when it is
imported, so the environment is set before anything is: `edge`, `export` and `training` do it as their first act.
"""

from __future__ import annotations

import os

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, which transformers, tokenizers and faster-whisper use
    "RAY_USAGE_STATS_ENABLED": "0",  # ray
    "DO_NOT_TRACK": "1",  # what many others heed (https://consoledonottrack.com)
}
"""Variables of the environment that each library asks, and the value that says no."""


def switch_off() -> None:
    """Say no in this process and in those that it starts, whatever the environment said."""
    os.environ.update(SWITCHES)
