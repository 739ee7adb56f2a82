from __future__ import annotations

import struct
from pathlib import Path
from typing import ClassVar

import pytest

from edge.capture import devices
from edge.capture.devices import cameras


def test_without_a_camera_it_says_what_to_do(tmp_path: Path) -> None:
    found = cameras(tmp_path)
    assert found.devices == []
    assert "plug in a USB camera" in found.missing[0]


def test_a_node_that_is_no_camera_is_named(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"")
    found = cameras(tmp_path)
    assert found.devices == []
    assert f"{tmp_path}/video0 cannot be asked" in found.missing[0]


class Driver:
    """A camera that does 1280x720 as mjpeg only, and a size range of a format without a name here."""

    FORMATS = (b"MJPG", b"YUYV", b"BA81")
    SIZES: ClassVar = {
        b"MJPG": [(1, 640, 480), (1, 1280, 720)],
        b"YUYV": [(1, 640, 480)],
        b"BA81": [(3, 32, 1920, 8, 32, 1080, 8)],
    }
    RATES: ClassVar = {(b"MJPG", 1280): [(1, 30), (1, 60)], (b"MJPG", 640): [(1, 30)], (b"YUYV", 640): [(2, 15)]}

    def ask(self, number: int, asked: bytes) -> bytes:
        index, second, width = struct.unpack_from("3I", asked)
        code = second.to_bytes(4, "little")
        try:
            if number == devices._ENUM_FMT:
                pixels = int.from_bytes(self.FORMATS[index], "little")
                return devices._FORMAT.pack(index, second, 0, b"", pixels, 0)
            if number == devices._ENUM_SIZES:
                size = self.SIZES[code][index]
                return devices._SIZE.pack(index, second, *size, *[0] * (7 - len(size)))
            rate = self.RATES[code, width][index]
            return devices._RATE.pack(index, second, width, 0, 1, *rate, *[0] * 4)
        except (IndexError, KeyError):
            raise OSError(22, "Invalid argument") from None


def test_the_modes_of_a_camera_are_told_with_their_rates() -> None:
    assert [str(mode) for mode in devices.modes(Driver().ask)] == [
        "mjpeg 1280x720 60/s",
        "mjpeg 640x480 30/s",
        "yuyv 640x480 7.5/s",
        "BA81 1920x1080",
    ]


def test_a_driver_that_never_ends_its_lists_is_not_asked_for_ever() -> None:
    asked = []

    def ask(number: int, form: bytes) -> bytes:
        asked.append(number)
        return form

    devices.modes(ask)
    assert len(asked) < 10_000


def test_a_camera_is_named_by_what_stays_when_others_are_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").write_bytes(b"")
    by_id = tmp_path / "v4l" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-Maker_Cam_42-video-index0").symlink_to(tmp_path / "video0")
    capability = devices._CAPABILITY.pack(b"uvcvideo", b"Cam", b"usb-1", 1, 1, 1)

    def ioctl(_: int, number: int, asked: bytes) -> bytes:
        return capability if number == devices._QUERYCAP else Driver().ask(number, asked)

    monkeypatch.setattr(devices.fcntl, "ioctl", ioctl)
    (found,) = cameras(tmp_path).devices
    assert found.setting == f"v4l2://{by_id}/usb-Maker_Cam_42-video-index0"
    assert found.detail == f"{tmp_path}/video0, uvcvideo, usb-1"
    assert "mjpeg 1280x720 60/s" in found.modes
