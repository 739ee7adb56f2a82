"""A camera in words, from three seconds of its pictures."""

from __future__ import annotations

import threading
import time

from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.config.perception import CameraConfig
from edge.messages import Frame, Source

_LOOK_S = 3.0
_DARK, _BRIGHT = 40, 215
"""Mean grey levels between which a picture is neither too dark nor too bright; chosen."""
_FEW_HZ = 15.0


def preview(uri: str) -> str:
    """What it delivers, and what is wrong with it.

    Raises:
        CaptureError: it gives no picture.
    """
    stop, frames, troubles = threading.Event(), 0, []
    began_s, last = 0.0, None
    clock = threading.Timer(2 * _LOOK_S, stop.set)
    clock.start()
    try:
        for item in Camera(CameraConfig(uri=uri), False, time.monotonic).stream(stop):
            if isinstance(item, Source) and item.state == "lost":
                troubles.append(item.detail)
                if last is None:
                    raise CaptureError(item.detail)
            if isinstance(item, Frame):
                began_s = item.t_s if last is None else began_s
                frames, last = frames + 1, item
                if item.t_s - began_s >= _LOOK_S:
                    break
    finally:
        stop.set()
        clock.cancel()
    if last is None:
        raise CaptureError(f"{uri} gave no picture for {2 * _LOOK_S:.0f} s")
    height, width = last.image.shape[:2]
    hz = (frames - 1) / (last.t_s - began_s) if last.t_s > began_s else 0.0
    grey = float(last.image.mean())
    light = "dark" if grey < _DARK else "very bright" if grey > _BRIGHT else "bright enough"
    few = ", too few for blinks" if hz < _FEW_HZ else ""
    return "; ".join([f"{width}x{height}, {hz:.0f} pictures a second{few}, {light}", *dict.fromkeys(troubles)])
