from __future__ import annotations

import os
import pty
import sys
import threading
import time
import tty
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mqtt_helpers import until

from edge.messages import Level, Source, Warned
from edge.warning.switched_outputs import Button, GpioSwitch, HidSwitch, SerialSwitch, SwitchedOutput, relay_switch

ON, OFF = bytes([0xA0, 1, 1, 0xA2]), bytes([0xA0, 1, 0, 0xA1])


class Kept:
    """A switch that notes what it is told."""

    def __init__(self) -> None:
        self.states: list[bool] = []
        self.broken = False

    def set(self, on: bool) -> None:
        if self.broken:
            raise OSError("it was pulled out")
        if not self.states or self.states[-1] != on:
            self.states.append(on)

    def close(self) -> None:
        self.states.append(False)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def follow(line: SwitchedOutput | Button, stop: threading.Event) -> tuple[list[Source | Warned], threading.Thread]:
    said: list[Source | Warned] = []
    thread = threading.Thread(target=lambda: deque(map(said.append, line.stream(stop)), 0), daemon=True)
    thread.start()
    return said, thread


def test_a_lamp_is_on_while_its_level_holds_and_off_when_the_box_ends(stop: threading.Event) -> None:
    switch = Kept()
    line = SwitchedOutput("gpio", lambda: switch, Level.WARNING, time.monotonic)
    said, thread = follow(line, stop)
    until(lambda: switch.states == [False], 5)
    for level in (Level.ADVISORY, Level.WARNING, Level.CRITICAL, Level.NONE, Level.EMERGENCY):
        line.show(level, "a")
        time.sleep(0.1)
    stop.set()
    thread.join(5)
    assert switch.states[:4] == [False, True, False, True]
    assert not switch.states[-1]
    told = [(item.signal, item.type, item.alert) for item in said if isinstance(item, Warned)]
    assert told == [("warning", "begin", "a"), ("warning", "end", "a"), ("emergency", "begin", "a")]


def test_a_relay_that_is_pulled_out_and_plugged_in_takes_up_the_level_that_holds(stop: threading.Event) -> None:
    switch = Kept()
    line = SwitchedOutput("relay", lambda: switch, Level.CRITICAL, time.monotonic)
    said, _ = follow(line, stop)
    line.show(Level.CRITICAL, "a")
    until(lambda: switch.states[-1:] == [True], 5)
    switch.broken = True
    until(lambda: any(isinstance(item, Source) and item.state == "lost" for item in said), 5)
    assert "pulled out" in next(i.detail for i in said if isinstance(i, Source) and i.state == "lost")
    switch.broken = False
    until(lambda: switch.states[-1:] == [True], 10)


def test_a_serial_relay_is_spoken_to_as_its_board_asks() -> None:
    leader, follower = pty.openpty()
    tty.setraw(follower)
    switch = relay_switch(os.ttyname(follower), 1)
    assert isinstance(switch, SerialSwitch)
    switch.set(True)
    switch.set(False)
    written = b""
    while len(written) < len(ON + OFF):
        written += os.read(leader, 64)
    assert written == ON + OFF
    switch.close()


def test_a_hid_relay_gets_its_feature_report(tmp_path: Path) -> None:
    (tmp_path / "hidraw0").touch()
    asked: list[tuple[int, bytes]] = []
    switch = HidSwitch(str(tmp_path / "hidraw0"), 2, lambda _handle, number, report: asked.append((number, report)))
    switch.set(True)
    switch.set(False)
    switch.close()
    assert [report for _, report in asked] == [b"\0\xff\2" + bytes(6), b"\0\xfd\2" + bytes(6)]
    assert {number for number, _ in asked} == {0xC0094806}


def test_a_gpio_line_is_asked_for_as_libgpiod_wants_it_and_a_chip_that_is_not_there_is_told(
    stop: threading.Event,
) -> None:
    pytest.importorskip("gpiod")
    said, _ = follow(
        SwitchedOutput("gpio", lambda: GpioSwitch("/dev/gpiochip99:3"), Level.WARNING, time.monotonic), stop
    )
    until(lambda: len(said) == 1, 5)
    assert isinstance(said[0], Source)
    assert said[0].state == "lost"
    assert "cannot be switched" in said[0].detail


def test_without_libgpiod_the_remedy_is_named(stop: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)
    said, _ = follow(Button("/dev/gpiochip0:3", lambda: None, time.monotonic), stop)
    until(lambda: len(said) == 1, 5)
    assert isinstance(said[0], Source)
    assert "emvas-edge[gpio]" in said[0].detail


def test_a_press_of_the_button_is_told(stop: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against libgpiod's own names; no machine here has a line."""
    gpiod = pytest.importorskip("gpiod")
    presses, pending = [], [True]

    class Request:
        def __enter__(self) -> Request:
            return self

        def __exit__(self, *_: object) -> None: ...

        def wait_edge_events(self, _timeout: Any) -> bool:
            time.sleep(0.01)
            return bool(pending)

        def read_edge_events(self) -> list[bool]:
            return [pending.pop()]

    monkeypatch.setattr(gpiod, "request_lines", lambda *_, **__: Request())
    follow(Button("/dev/gpiochip0:3", lambda: presses.append(1), time.monotonic), stop)
    until(lambda: presses == [1], 5)
