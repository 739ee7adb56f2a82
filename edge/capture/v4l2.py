"""What a V4L2 camera delivers: its formats, sizes and rates, asked of the driver (<linux/videodev2.h>)."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Ask = Callable[[int, bytes], bytes]
"""An ioctl on the open device: its number and structure, what the driver made of it. OSError: there is no more."""

_VIDEO_CAPTURE = 1
_ENUM_FMT, _FORMAT = 0xC0405602, struct.Struct("3I32s2I12x")
"""_IOWR('V', 2, struct v4l2_fmtdesc): index, type, flags, description, pixelformat, mbus_code."""
_ENUM_SIZES, _SIZE = 0xC02C564A, struct.Struct("9I8x")
"""_IOWR('V', 74, struct v4l2_frmsizeenum): index, pixel_format, type, then width and height, or a range of both."""
_ENUM_RATES, _RATE = 0xC034564B, struct.Struct("11I8x")
"""_IOWR('V', 75, struct v4l2_frmivalenum): index, pixel_format, width, height, type, then a fraction, or a range."""
_DISCRETE = 1
_MOST = 64
"""A driver that never ends its lists is not believed."""

NAMES = {b"MJPG": "mjpeg", b"YUYV": "yuyv", b"UYVY": "uyvy", b"NV12": "nv12", b"H264": "h264", b"GREY": "grey"}
"""Four-character codes, and what `camera.format` calls them."""


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
    """All modes of a camera, by format, the largest picture first; of a range of sizes the largest."""
    found = []
    for answer in _answers(ask, _ENUM_FMT, _FORMAT, (_VIDEO_CAPTURE, 0, b"", 0, 0)):
        code = int(answer[4]).to_bytes(4, "little")
        name = NAMES.get(code, code.decode("ascii", "replace"))
        sizes = {_largest(size) for size in _answers(ask, _ENUM_SIZES, _SIZE, (answer[4], *[0] * 7))}
        found += [Mode(name, w, h, _most_hz(ask, answer[4], w, h)) for w, h in sorted(sizes, reverse=True)]
    return found


def _answers(ask: Ask, number: int, form: struct.Struct, rest: tuple[int | bytes, ...]) -> Iterator[tuple[int, ...]]:
    """What the driver lists, each asked for by its index."""
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
