"""Switched outputs (lamp, buzzer, seat shaker on a GPIO line or relay), on while a level holds; and the button."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import serial

from edge.capture import CaptureError
from edge.capture.source_connection import kept_open
from edge.i18n.texts import Sentence
from edge.messages import Level, Source, Warned

Name = Literal["gpio", "relay"]

_LOOK_S = 1.0
"""The output is written this often without a change, to check the device and to repair a lost write."""
_HID_REPORT = 9
"""Bytes of the feature report of `USBRelay` boards: a report number of 0, the command, the relay, and zeros."""
_HID_ON, _HID_OFF = 0xFF, 0xFD
_HIDIOCSFEATURE = 0xC0094806
"""HIDIOCSFEATURE(9) of <linux/hidraw.h>: _IOWR('H', 0x06, 9 bytes)."""
_LCUS_START = 0xA0
_BAUD = 9600
_BOUNCE = timedelta(milliseconds=30)


class Switch(Protocol):
    """An open output; OSError if the device is gone."""

    def set(self, on: bool) -> None:
        """Switch it."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class GpioSwitch:
    """A line of a GPIO chip, through libgpiod."""

    def __init__(self, place: str) -> None:
        """`place` is chip and line: /dev/gpiochip0:17."""
        gpiod, chip, self._line = _gpiod(place)
        settings = gpiod.LineSettings(direction=gpiod.line.Direction.OUTPUT)
        self._values = {True: gpiod.line.Value.ACTIVE, False: gpiod.line.Value.INACTIVE}
        self._request = gpiod.request_lines(chip, consumer="emvas", config={self._line: settings})

    def set(self, on: bool) -> None:
        """Drive it high or low."""
        self._request.set_value(self._line, self._values[on])

    def close(self) -> None:
        """Release it."""
        self._request.release()


class SerialSwitch:
    """A relay board on a serial line that speaks the protocol of the LCUS boards: A0, relay, state, sum."""

    def __init__(self, device: str, channel: int) -> None:
        self._channel = channel
        self._serial = serial.Serial(device, _BAUD, write_timeout=_LOOK_S)

    def set(self, on: bool) -> None:
        """Send the command."""
        command = [_LCUS_START, self._channel, int(on)]
        self._serial.write(bytes([*command, sum(command) & 0xFF]))

    def close(self) -> None:
        """Close the line; the relay stays as it is."""
        self._serial.close()


class HidSwitch:
    """A relay board that is a USB-HID device (`USBRelay1` to `USBRelay8`)."""

    def __init__(self, device: str, channel: int, ioctl: Callable[[int, int, bytes], Any] = fcntl.ioctl) -> None:
        self._channel, self._ioctl = channel, ioctl
        self._handle = os.open(device, os.O_RDWR)

    def set(self, on: bool) -> None:
        """Send the feature report."""
        report = bytes([0, _HID_ON if on else _HID_OFF, self._channel]).ljust(_HID_REPORT, b"\0")
        self._ioctl(self._handle, _HIDIOCSFEATURE, report)

    def close(self) -> None:
        """Close the device; the relay stays as it is."""
        os.close(self._handle)


def relay_switch(device: str, channel: int) -> Switch:
    """The relay at a device file."""
    hid = Path(device).resolve().name.startswith("hidraw")
    return HidSwitch(device, channel) if hid else SerialSwitch(device, channel)


class SwitchedOutput:
    """One output; the decision thread calls `show`, a separate thread runs `stream`."""

    def __init__(self, name: Name, make: Callable[[], Switch], least: Level, now: Callable[[], float]) -> None:
        """`make` opens the device; the line is on from the level `least`; `now` is the box's time line."""
        self.name, self._make, self._least, self._now = name, make, least, now
        self._level, self._alert = Level.NONE, ""
        self._changed = threading.Event()

    def show(self, level: Level, alert: str) -> None:
        """Show a level from now on, because of an alert."""
        if level != self._level:
            self._level, self._alert = level, alert
            self._changed.set()

    def stream(self, stop: threading.Event) -> Iterator[Source | Warned]:
        """States of the device and its switching, until `stop` is set; then the output is off."""
        return kept_open(self.name, lambda: self._connect(stop), self._now, stop)

    def _connect(self, stop: threading.Event) -> Iterator[Source | Warned]:
        try:
            switch = self._make()
            try:
                yield from self._follow(switch, stop)
                switch.set(False)
            finally:
                switch.close()
        except (OSError, ValueError) as error:
            raise CaptureError(Sentence("line_fault", output=self.name, error=str(error))) from error

    def _follow(self, switch: Switch, stop: threading.Event) -> Iterator[Source | Warned]:
        was_on, alert = False, ""
        switch.set(False)
        yield Source(self._now(), self.name, "ok")
        while not stop.is_set():
            level = self._level
            switch.set(on := level >= self._least)
            if on != was_on:
                was_on, alert = on, self._alert if on else alert
                shown = (level if on else self._least).name.lower()
                yield Warned(self._now(), self.name, shown, "begin" if on else "end", alert, int(not on))
            self._changed.wait(_LOOK_S)
            self._changed.clear()


class Button:
    """A button between a line and ground; `stream` is run by one thread."""

    def __init__(self, place: str, pressed: Callable[[], None], now: Callable[[], float]) -> None:
        self._place, self._pressed, self._now = place, pressed, now

    def stream(self, stop: threading.Event) -> Iterator[Source | Warned]:
        """States of the line until `stop` is set; each press calls `pressed`."""
        return kept_open("button", lambda: self._connect(stop), self._now, stop)

    def _connect(self, stop: threading.Event) -> Iterator[Source]:
        gpiod, chip, line = _gpiod(self._place)
        settings = gpiod.LineSettings(
            edge_detection=gpiod.line.Edge.FALLING, bias=gpiod.line.Bias.PULL_UP, debounce_period=_BOUNCE
        )
        try:
            with gpiod.request_lines(chip, consumer="emvas", config={line: settings}) as request:
                yield Source(self._now(), "button", "ok")
                while not stop.is_set():
                    if request.wait_edge_events(timedelta(seconds=_LOOK_S)) and request.read_edge_events():
                        self._pressed()
        except (OSError, ValueError) as error:
            raise CaptureError(Sentence("button_fault", error=str(error))) from error


def _gpiod(place: str) -> tuple[Any, str, int]:
    """The module, the chip and the number of the line.

    Raises:
        CaptureError: libgpiod's Python module is not installed.
    """
    try:
        import gpiod
    except ModuleNotFoundError as error:
        raise CaptureError(Sentence("gpiod_missing")) from error
    chip, _, line = place.rpartition(":")
    return gpiod, chip, int(line)
