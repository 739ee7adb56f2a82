"""What systemd hears, on a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.runtime.watchdog import Notifier, Watchdog


class Systemd:
    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(0.05)

    def heard(self) -> list[str]:
        words = []
        try:
            while True:
                words.append(self._socket.recv(4096).decode())
        except TimeoutError:
            return words

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    manager = Systemd(tmp_path)
    yield manager
    manager.close()


def notifier(systemd: Systemd, **more: str) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": systemd.path, **more})


def test_ready_is_said_once_and_only_when_it_is_true(systemd: Systemd) -> None:
    watchdog = Watchdog(notifier(systemd))
    watchdog.turn(0.0, ready=False, stuck=False, status="waiting")
    assert systemd.heard() == ["STATUS=waiting"]
    watchdog.turn(1.0, ready=True, stuck=False, status="all works")
    watchdog.turn(2.0, ready=True, stuck=False, status="all works")
    assert systemd.heard() == ["STATUS=all works", "READY=1"]


def test_a_sign_of_life_comes_four_times_in_the_time_that_systemd_waits_and_not_while_a_stage_hangs(
    systemd: Systemd,
) -> None:
    watchdog = Watchdog(notifier(systemd, WATCHDOG_USEC="20000000"))
    for second in range(20):
        watchdog.turn(float(second), ready=False, stuck=False, status="")
    assert systemd.heard() == ["WATCHDOG=1"] * 4
    for second in range(20, 40):
        watchdog.turn(float(second), ready=False, stuck=True, status="")
    assert systemd.heard() == []


def test_a_watchdog_of_another_process_is_left_alone(systemd: Systemd) -> None:
    other = str(os.getpid() + 1)
    watchdog = Watchdog(notifier(systemd, WATCHDOG_USEC="20000000", WATCHDOG_PID=other))
    watchdog.turn(0.0, ready=False, stuck=False, status="")
    assert systemd.heard() == []


def test_a_stage_that_hangs_for_good_is_left_to_systemd(systemd: Systemd) -> None:
    Watchdog(notifier(systemd)).give_up("vision hangs:\nno answer")
    assert systemd.heard() == ["STATUS=vision hangs: no answer\nWATCHDOG=trigger"]


def test_without_systemd_nothing_is_sent_and_a_socket_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        Watchdog(Notifier(environment)).turn(0.0, ready=True, stuck=False, status="all works")
