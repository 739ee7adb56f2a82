"""The cameras, microphones and speakers of this machine, and the network cameras that announce themselves.

Modes of V4L2 cameras come from the driver (<linux/videodev2.h>), ONVIF cameras are found by WS-Discovery.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import logging
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edge.capture import CaptureError
from edge.capture.microphone import sounddevice

Ask = Callable[[int, bytes], bytes]
"""An ioctl on the open device: number and structure in, the driver's answer out. OSError: the list has ended."""

_CAPTURE_BUFFER = 1
_ENUM_FMT, _FORMAT = 0xC0405602, struct.Struct("3I32s2I12x")
"""_IOWR('V', 2, struct v4l2_fmtdesc): index, type, flags, description, pixelformat, mbus_code."""
_ENUM_SIZES, _SIZE = 0xC02C564A, struct.Struct("9I8x")
"""_IOWR('V', 74, struct v4l2_frmsizeenum): index, pixel_format, type, then width and height, or a range of both."""
_ENUM_RATES, _RATE = 0xC034564B, struct.Struct("11I8x")
"""_IOWR('V', 75, struct v4l2_frmivalenum): index, pixel_format, width, height, type, then a fraction, or a range."""
_DISCRETE = 1
_MOST = 64
"""Limit for drivers whose lists do not end."""

NAMES = {b"MJPG": "mjpeg", b"YUYV": "yuyv", b"UYVY": "uyvy", b"NV12": "nv12", b"H264": "h264", b"GREY": "grey"}
"""Four-character codes and their names in `camera.format`."""
_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of <linux/videodev2.h>: _IOR('V', 0, struct v4l2_capability), 104 bytes."""
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_VIDEO_CAPTURE = 0x00000001 | 0x00001000
"""V4L2_CAP_VIDEO_CAPTURE and its multi-planar kind; other nodes of a camera carry metadata only."""
_CAMERA = "NetworkVideoTransmitter"
"""The type of every ONVIF camera (ONVIF Core Specification, 7.3.1)."""
_NAME = "/name/"
_WAIT_S = 3
NEEDS = "network cameras are looked for with: pip install 'emvas-edge[onvif]'"


@dataclass(frozen=True, slots=True)
class Mode:
    """One format in one size."""

    format: str
    """As in `camera.format`; a format that cannot be asked for by its four characters."""
    width_px: int
    height_px: int
    most_hz: float | None
    """Highest rate; None where the driver does not say."""

    def __str__(self) -> str:
        rate = "" if self.most_hz is None else f" {self.most_hz:g}/s"
        return f"{self.format} {self.width_px}x{self.height_px}{rate}"


def modes(ask: Ask) -> list[Mode]:
    """All modes of a camera by format, the largest frame first; a range of sizes counts as its largest."""
    found = []
    for answer in _answers(ask, _ENUM_FMT, _FORMAT, (_CAPTURE_BUFFER, 0, b"", 0, 0)):
        code = int(answer[4]).to_bytes(4, "little")
        name = NAMES.get(code, code.decode("ascii", "replace"))
        sizes = {_largest(size) for size in _answers(ask, _ENUM_SIZES, _SIZE, (answer[4], *[0] * 7))}
        found += [Mode(name, w, h, _most_hz(ask, answer[4], w, h)) for w, h in sorted(sizes, reverse=True)]
    return found


def _answers(ask: Ask, number: int, form: struct.Struct, rest: tuple[int | bytes, ...]) -> Iterator[tuple[int, ...]]:
    """The entries of a driver's list, read by index."""
    with contextlib.suppress(OSError):
        for index in range(_MOST):
            yield form.unpack(ask(number, form.pack(index, *rest)))


def _largest(size: tuple[int, ...]) -> tuple[int, int]:
    kind, places = size[2], size[3:9]
    return (places[0], places[1]) if kind == _DISCRETE else (places[1], places[4])


def _most_hz(ask: Ask, code: int, width: int, height: int) -> float | None:
    """The shortest interval comes first in a range."""
    rates = [
        answer[6] / answer[5]
        for answer in _answers(ask, _ENUM_RATES, _RATE, (code, width, height, *[0] * 7))
        if answer[5]
    ]
    return round(max(rates), 2) if rates else None


@dataclass(frozen=True, slots=True)
class Device:
    """One camera, microphone or speaker; `setting` is what to write into the configuration."""

    setting: str
    name: str
    detail: str = ""
    modes: tuple[str, ...] = ()
    """Modes of a camera: format, size and frames a second."""


@dataclass(slots=True)
class FoundDevices:
    """The devices that were found; for missing ones the reason and what to do."""

    devices: list[Device] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def cameras(folder: Path = Path("/dev")) -> FoundDevices:
    """V4L2 cameras of `folder`, and what CSI cameras need."""
    found = FoundDevices()
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


def _ask(node: Path, name: Path, found: FoundDevices) -> None:
    """`name` stays the same when cameras are plugged in another order."""
    try:
        device = _camera(node, name)
    except PermissionError:
        found.missing.append(f"{node} may not be opened: sudo usermod -aG video $USER, then log in again")
    except OSError as error:
        found.missing.append(f"{node} cannot be asked what it is ({error.strerror}): plug it in again")
    else:
        found.devices += [device] if device else []


def _camera(node: Path, name: Path) -> Device | None:
    """The device behind a node; None when it delivers no frames."""
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


def microphones() -> FoundDevices:
    """All input devices of PortAudio."""
    return _sound("max_input_channels", "microphone")


def speakers() -> FoundDevices:
    """All output devices of PortAudio."""
    return _sound("max_output_channels", "speaker")


def _sound(channels: str, what: str) -> FoundDevices:
    found = FoundDevices()
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


def network_cameras(wait_s: int = _WAIT_S) -> FoundDevices:
    """The ONVIF cameras that answer within `wait_s`; user, password and path stand in each camera's manual."""
    found = FoundDevices()
    if importlib.util.find_spec("wsdiscovery") is None:
        found.missing.append(NEEDS)
        return found
    from wsdiscovery.discovery import ThreadedWSDiscovery

    logging.getLogger("wsdiscovery").setLevel(logging.ERROR)
    search = ThreadedWSDiscovery()
    try:
        search.start()
        services = search.searchServices(timeout=wait_s)
        answers = {(_host(service), _name(service)) for service in services if _is_camera(service)}
    except OSError as error:  # a machine without a network
        found.missing.append(f"network cameras cannot be looked for: {error.strerror or error}")
        return found
    finally:
        search.stop()
    for host, name in sorted(answers):
        found.devices.append(Device(f"rtsp://USER:PASSWORD@{host}/PATH", name, "ONVIF; the path is in its manual"))
    if not answers:
        found.missing.append("no network camera announces itself by ONVIF; rtsp:// and http:// work all the same")
    return found


def _is_camera(service: object) -> bool:
    return any(_CAMERA in str(kind) for kind in service.getTypes())  # type: ignore[attr-defined]


def _host(service: object) -> str:
    addresses = service.getXAddrs()  # type: ignore[attr-defined]
    return urlsplit(str(addresses[0])).hostname or "" if addresses else ""


def _name(service: object) -> str:
    scopes = [unquote(str(scope)) for scope in service.getScopes()]  # type: ignore[attr-defined]
    return next((scope.partition(_NAME)[2] for scope in scopes if _NAME in scope), "network camera")
