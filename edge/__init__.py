"""The appliance: a bundle, a camera and a microphone in; alerts, summaries, a timeline and a dashboard out.

As a library (`docs/api.md`): `from edge import Bundle, Pipeline, load_config`. Each name is imported when it is used,
so `import edge` alone loads nothing; it switches telemetry off, and so comes before `import onnxruntime`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edge.process import disable_telemetry

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle
    from edge.capture.media import MediaFile
    from edge.config import Config, load_config
    from edge.error import EmvasError
    from edge.messages import Audio, Frame, Message, Source, Speed
    from edge.messages.serialize import to_record
    from edge.runtime.pipeline import Pipeline

_HOMES = {
    "Audio": "edge.messages",
    "Bundle": "edge.bundle.bundle",
    "Config": "edge.config",
    "EmvasError": "edge.error",
    "Frame": "edge.messages",
    "MediaFile": "edge.capture.media",
    "Message": "edge.messages",
    "Pipeline": "edge.runtime.pipeline",
    "Source": "edge.messages",
    "Speed": "edge.messages",
    "load_config": "edge.config",
    "to_record": "edge.messages.serialize",
}
"""Where each public name lives."""

disable_telemetry()

__all__ = [
    "Audio",
    "Bundle",
    "Config",
    "EmvasError",
    "Frame",
    "MediaFile",
    "Message",
    "Pipeline",
    "Source",
    "Speed",
    "load_config",
    "to_record",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edge' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
