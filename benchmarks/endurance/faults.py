"""The injected faults: each begins and ends while the box runs, one after the other."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Protocol

from benchmarks.endurance.broker import Mosquitto
from benchmarks.endurance.camera import LoopCamera

_HOUR_NS = 3_600_000_000_000
_LEFT_BYTES = 32 << 10
"""What a disk that is nearly full still takes."""
_DISK_BYTES = 8 << 30
"""A small card; the file behind it stays small, because only what is written takes place."""


class Fault(Protocol):
    """One kind of trouble."""

    name: str
    lasts_s: float

    def begin(self) -> None:
        """Bring it about."""
        ...

    def end(self) -> None:
        """Mend it."""
        ...


@dataclass(slots=True)
class CameraLost:
    """The cable is out: pictures and sound."""

    camera: LoopCamera
    name: str = "camera and microphone lost"
    lasts_s: float = 20.0

    def begin(self) -> None:
        """Pull it."""
        self.camera.unplug()

    def end(self) -> None:
        """Put it back."""
        self.camera.plug()


@dataclass(slots=True)
class FramesFrozen:
    """The camera goes on sending one picture, and silence."""

    camera: LoopCamera
    name: str = "picture frozen"
    lasts_s: float = 25.0

    def begin(self) -> None:
        """Freeze."""
        self.camera.frozen.set()

    def end(self) -> None:
        """Go on."""
        self.camera.frozen.clear()


@dataclass(slots=True)
class BrokerKilled:
    """The broker is killed with signal 9 and started again."""

    broker: Mosquitto
    name: str = "broker killed"
    lasts_s: float = 30.0

    def begin(self) -> None:
        """Kill."""
        self.broker.kill()

    def end(self) -> None:
        """Start."""
        self.broker.start()


@dataclass(slots=True)
class DiskFull:
    """Somebody else's file fills the disk that the box keeps its state on."""

    disk: Path
    name: str = "disk full but for 32 KiB"
    lasts_s: float = 45.0

    def begin(self) -> None:
        """Fill; the box writes meanwhile, so room that was counted may be gone when it is asked for."""
        for left_bytes in (_LEFT_BYTES, 8 * _LEFT_BYTES, 64 * _LEFT_BYTES):
            free = shutil.disk_usage(self.disk).free
            with self._filler.open("wb") as filler, suppress(OSError):
                os.posix_fallocate(filler.fileno(), 0, max(free - left_bytes, 1))
                return
        raise OSError(f"{self.disk} could not be filled")

    def end(self) -> None:
        """Make room."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.disk / "somebody-elses-file"


@dataclass(slots=True)
class ClockSet:
    """The wall clock jumps by an hour and back, each time the other way."""

    offset: Path
    name: str = "wall clock steps by an hour"
    lasts_s: float = 30.0
    _sign: int = 1

    def begin(self) -> None:
        """Step."""
        self._set(self._sign * _HOUR_NS)
        self._sign = -self._sign

    def end(self) -> None:
        """Step back."""
        self._set(0)

    def _set(self, ns: int) -> None:
        with self.offset.open("r+b") as file:  # in place: the box has mapped it
            file.write(struct.pack("=q", ns))


class Schedule:
    """One fault after the other, each beginning `every_s` after the one before; asked once in a while."""

    def __init__(self, faults: list[Fault], every_s: float) -> None:
        self.begun: list[tuple[float, str]] = []
        """When each began, seconds since the start, and its name."""
        self._faults, self._every_s = cycle(faults), every_s
        self._next_s = every_s / 2
        self._now: Fault | None = None
        self._mended_s = 0.0

    def step(self, now_s: float) -> None:
        """Begin and end what is due."""
        if self._now is not None and now_s >= self._mended_s:
            self.mend()
        if self._now is None and now_s >= self._next_s:
            self._now = next(self._faults)
            self._next_s, self._mended_s = now_s + self._every_s, now_s + self._now.lasts_s
            self.begun.append((now_s, self._now.name))
            self._now.begin()

    def mend(self) -> None:
        """End what goes on."""
        if self._now is not None:
            self._now.end()
            self._now = None


@contextmanager
def small_disk(image: Path, mounted: Path) -> Iterator[None]:
    """An ext4 file system in a file, mounted for as long as the block.

    Raises:
        OSError: this machine or user cannot mount one.
    """
    with image.open("wb") as file:
        file.truncate(_DISK_BYTES)
    mounted.mkdir()
    _done("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    _done("mount", "-o", "loop", str(image), str(mounted))
    try:
        yield
    finally:
        _done("umount", "--lazy", str(mounted))


def settable_clock(folder: Path) -> tuple[Path, dict[str, str]]:
    """The file of the wall clock's offset and the environment of a process that goes by it.

    Raises:
        OSError: there is no C compiler.
    """
    library, offset = folder / "wall_clock.so", folder / "wall_clock.offset"
    source = Path(__file__).with_name("wall_clock.c")
    _done("cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source))
    offset.write_bytes(struct.pack("=q", 0))
    return offset, {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET": str(offset)}


def _done(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip() or f'exit code {done.returncode}'}")
