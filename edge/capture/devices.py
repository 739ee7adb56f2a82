"""Which cameras, microphones and speakers this machine has."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from dataclasses import dataclass, field
from pathlib import Path

from edge.capture import CaptureError
from edge.capture.portaudio import sounddevice
from edge.capture.v4l2 import modes

_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of <linux/videodev2.h>: _IOR('V', 0, struct v4l2_capability), 104 bytes."""
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_VIDEO_CAPTURE = 0x00000001 | 0x00001000
"""V4L2_CAP_VIDEO_CAPTURE and its multi-planar kind; other nodes of a camera carry metadata only."""


@dataclass(frozen=True, slots=True)
class Device:
    """One camera, microphone or speaker; `setting` is what to write into the configuration."""

    setting: str
    name: str
    detail: str = ""
    modes: tuple[str, ...] = ()
    """What a camera delivers: format, size and pictures a second (`edge.capture.v4l2`)."""


@dataclass(slots=True)
class Found:
    """What was found, and for what was not: why, and what to do."""

    devices: list[Device] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def cameras(folder: Path = Path("/dev")) -> Found:
    """V4L2 cameras of `folder`, and what CSI cameras would need."""
    found = Found()
    nodes = sorted(folder.glob("video*"), key=lambda node: (len(node.name), node.name))
    names = {link.resolve(): link for link in sorted((folder / "v4l" / "by-id").glob("*"))}
    for node in nodes:
        _ask(node, names.get(node.resolve(), node), found)
    if not nodes:
        found.missing.append("no /dev/video*: plug in a USB camera, or use a network camera (rtsp://, http://)")
    if shutil.which("gst-launch-1.0") is None:
        found.missing.append(
            "csi:// (Jetson cameras) needs GStreamer: sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base"
        )
    return found


def _ask(node: Path, name: Path, found: Found) -> None:
    """`name` is what stays the same when cameras are plugged in another order."""
    try:
        device = _camera(node, name)
    except PermissionError:
        found.missing.append(f"{node} may not be opened: sudo usermod -aG video $USER, then log in again")
    except OSError as error:
        found.missing.append(f"{node} cannot be asked what it is ({error.strerror}): plug it in again")
    else:
        found.devices += [device] if device else []


def _camera(node: Path, name: Path) -> Device | None:
    """The device behind a node; None when it delivers no pictures."""
    handle = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = fcntl.ioctl(handle, _QUERYCAP, bytes(_CAPABILITY.size))
        driver, card, bus, _, _, abilities = _CAPABILITY.unpack(answer)
        if not abilities & _VIDEO_CAPTURE:
            return None
        delivers = tuple(map(str, modes(lambda number, asked: fcntl.ioctl(handle, number, asked))))
    finally:
        os.close(handle)
    where = "" if name == node else f"{node}, "
    return Device(f"v4l2://{name}", _text(card), f"{where}{_text(driver)}, {_text(bus)}", delivers)


def microphones() -> Found:
    """Everything PortAudio can listen to."""
    return _sound("max_input_channels", "microphone")


def speakers() -> Found:
    """Everything PortAudio can play to."""
    return _sound("max_output_channels", "speaker")


def _sound(channels: str, what: str) -> Found:
    found = Found()
    try:
        devices = sounddevice().query_devices()
    except CaptureError as error:
        found.missing.append(str(error))
        return found
    for number, device in enumerate(devices):
        if device[channels]:
            rate = f"{device['default_samplerate']:.0f} Hz"
            found.devices.append(Device(str(number), str(device["name"]), rate))
    if not found.devices:
        found.missing.append(
            f"no {what}: plug one in; on a desktop also sudo apt install libasound2-plugins (sound server)"
        )
    return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace")
