"""Checks of the machine: state folder, disk, clock, broker, services and the rights of the configuration file.

Each check is a function that yields results; `edge.cli.check` lists them. The checks of devices are in
`edge.cli.devices`.
"""

from __future__ import annotations

import os
import pwd
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.cli.box_folders import STATE
from edge.cli.install import SERVICES, UNITS
from edge.config import Config
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Connected, Disconnected
from edge.run_registry import clock_state
from edge.store.retention import disk_low

_BROKER_S = 15.0
_INSTALL = "sudo emvas install"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of checking one thing."""

    name: str
    ok: bool
    detail: str
    """What was found."""
    mend: str = ""
    """The command that repairs it; empty if all is well."""
    needed: bool = True
    """False: the box works without it, only less well."""


@dataclass(frozen=True, slots=True)
class CheckedBox:
    """The box that is checked."""

    config: Config
    state: Path
    """Its state folder."""
    root: bool
    """Whether root runs the check: then the rights of the services' user count."""


Check = Callable[[CheckedBox], Iterator[CheckResult]]


def services(box: CheckedBox) -> Iterator[CheckResult]:
    """The installed services; a box may also be run by hand."""
    missing = [name for name in SERVICES if not (UNITS / name).is_file()]
    detail = f"not installed: {', '.join(missing)}" if missing else "installed"
    yield CheckResult("services", not missing, detail, _INSTALL if missing else "", needed=False)
    if box.root and not missing:
        try:
            pwd.getpwnam("emvas")
        except KeyError:
            yield CheckResult("services", False, "their user emvas does not exist", _INSTALL)


def state(box: CheckedBox) -> Iterator[CheckResult]:
    """The folder of timeline and outbox: it exists or can be made, and is writable."""
    folder = box.state
    place = next(path for path in (folder, *folder.parents) if path.exists())
    writable = os.access(place, os.W_OK | os.X_OK)
    owner_needed = box.root and folder == STATE
    if owner_needed and (place != folder or folder.owner() != "emvas"):
        yield CheckResult("state", False, f"{folder} is missing or does not belong to emvas", _INSTALL)
    else:
        detail = f"{folder} " + ("can be written" if writable else "may not be written by this user")
        yield CheckResult("state", writable, detail, "" if writable else f"sudo chown $USER {place}")


def disk(box: CheckedBox) -> Iterator[CheckResult]:
    """Free space for the state folder, against the limit that the box itself keeps."""
    place = next(path for path in (box.state, *box.state.parents) if path.exists())
    room = os.statvfs(place)
    free_mb = room.f_bavail * room.f_frsize / 1e6
    low = disk_low(place / "timeline.db", box.config.store)
    detail = f"{free_mb:.0f} MB free at {place}" + (": below the limit of section `store`" if low else "")
    yield CheckResult("disk", not low, detail, "sudo du -xhd1 / | sort -h" if low else "")


def clock(box: CheckedBox) -> Iterator[CheckResult]:
    """Whether the wall clock is synchronized; until then the box marks its times."""
    synced = clock_state() == "synced"
    detail = "synchronized" if synced else "not synchronized: times are marked and corrected later"
    yield CheckResult("clock", synced, detail, "" if synced else "sudo timedatectl set-ntp true", needed=False)


def broker(box: CheckedBox) -> Iterator[CheckResult]:
    """A real connection with the box's own login and certificates."""
    mqtt = box.config.mqtt
    if mqtt is None:
        return
    link = MqttClient(mqtt, "")
    link.start()
    try:
        answer = _first_event(link)
    finally:
        link.stop()
    place = f"{mqtt.host}:{mqtt.port}"
    if isinstance(answer, Connected):
        yield CheckResult("broker", True, f"{place} accepts the box, {answer.protocol}")
    else:
        local = mqtt.host in ("localhost", "127.0.0.1", "::1")
        mend = "sudo apt install mosquitto && sudo systemctl start mosquitto" if local else f"ping {mqtt.host}"
        yield CheckResult("broker", False, answer.sentence if answer else f"{place} does not answer", mend)


def _first_event(link: MqttClient) -> Connected | Disconnected | None:
    until_s = time.monotonic() + _BROKER_S
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            event = link.events.get(timeout=left_s)
        except queue.Empty:
            break
        if isinstance(event, (Connected, Disconnected)):
            return event
    return None


def config_file(path: Path, root: bool) -> Iterator[CheckResult]:
    """Whether the services may read the configuration."""
    about = path.stat()
    readable = not root or about.st_mode & 0o004 or (about.st_mode & 0o040 and path.group() == "emvas")
    detail = f"{path} is valid" if readable else f"{path} is valid, but the services may not read it"
    yield CheckResult("config", bool(readable), detail, "" if readable else f"sudo chgrp emvas {path}")
