"""`emvas devices`: lists cameras, microphones and speakers, what is missing and how to mend it."""

from __future__ import annotations

import dataclasses
import json
import threading
import time

import click
from rich.console import Console

from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.capture.devices import FoundDevices, cameras, microphones, network_cameras, speakers
from edge.config.perception import CameraConfig
from edge.messages import Frame, Source

_SETTINGS = {
    "cameras": "camera.uri",
    "network cameras": "camera.uri",
    "microphones": "microphone.device",
    "speakers": "warning.speaker",
}
_LOOK_S = 3.0
_DARK, _BRIGHT = 40, 215
"""Mean grey levels between which a frame is neither too dark nor too bright; chosen."""
_FEW_HZ = 15.0


@click.command(epilog="\b\nExample:\n  emvas devices")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def devices(as_json: bool) -> None:
    """List cameras, microphones and speakers, with the value to write into the configuration."""
    found = {
        "cameras": cameras(),
        "network cameras": network_cameras(),
        "microphones": microphones(),
        "speakers": speakers(),
    }
    if as_json:
        click.echo(json.dumps({kind: dataclasses.asdict(part) for kind, part in found.items()}, ensure_ascii=False))
        return
    for kind, part in found.items():
        _print(kind, part)


def _print(kind: str, found: FoundDevices) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{kind}[/] ({_SETTINGS[kind]})")
    for device in found.devices:
        console.print(f"  {device.setting}  {device.name}  [dim]{device.detail}[/]")
        for mode in device.modes:
            console.print(f"    [dim]{mode}[/]")
    for sentence in found.missing:
        console.print(f"  [yellow]{sentence}[/]", markup=True)


def preview(uri: str) -> str:
    """Describe in words three seconds of a camera: size, frame rate, light, and what is wrong.

    Raises:
        CaptureError: the camera gives no frame.
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
        raise CaptureError(f"{uri} gave no frame for {2 * _LOOK_S:.0f} s")
    height, width = last.image.shape[:2]
    hz = (frames - 1) / (last.t_s - began_s) if last.t_s > began_s else 0.0
    grey = float(last.image.mean())
    light = "dark" if grey < _DARK else "very bright" if grey > _BRIGHT else "bright enough"
    few = ", too few for blinks" if hz < _FEW_HZ else ""
    return "; ".join([f"{width}x{height}, {hz:.0f} frames a second{few}, {light}", *dict.fromkeys(troubles)])
