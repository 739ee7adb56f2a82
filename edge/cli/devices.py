"""`emvas devices`: lists cameras, microphones and speakers; and the checks of all devices for `emvas check`."""

from __future__ import annotations

import dataclasses
import grp
import json
import os
import pwd
import shutil
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from edge.capture import CaptureError
from edge.capture.camera import Camera
from edge.capture.devices import FoundDevices, cameras, microphones, network_cameras, speakers
from edge.capture.microphone import sounddevice
from edge.capture.source_connection import SourceUri, parse_uri
from edge.cli.machine_checks import CheckedBox, CheckResult
from edge.config.decision import WarningConfig
from edge.config.perception import CameraConfig
from edge.messages import Frame, Source
from edge.warning.phrases import Phrase, PhraseError, load_phrases
from edge.warning.policy import Cue
from edge.warning.signals import Signal
from edge.warning.speaker import Player, play_once

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


DEVICE_GROUPS = ("video", "audio", "render", "dialout")
"""Groups of the services (SupplementaryGroups of emvas-edge.service)."""
_CONNECT_S = 3.0
_PORTS = {"rtsp": 554, "http": 80, "https": 443}
_LIST = "emvas devices"
_SOUND_CARDS = Path("/dev/snd")
_GPUS = Path("/dev/dri")
_PLAY_S = 5.0
_GPIO = "gpiodetect"


def camera(box: CheckedBox) -> Iterator[CheckResult]:
    """The configured camera."""
    if box.config.camera.uri is None:
        return
    uri = parse_uri(box.config.camera.uri)
    if uri.scheme in _PORTS:
        yield _network_camera(uri)
    elif uri.scheme == "csi":
        found = shutil.which("gst-launch-1.0") is not None
        detail = "GStreamer is there" if found else "csi:// needs GStreamer, which is not installed"
        mend = "sudo apt install gstreamer1.0-tools gstreamer1.0-plugins-base"
        yield CheckResult("camera", found, detail, "" if found else mend)
    elif uri.is_file:
        there = uri.path.is_file()
        yield CheckResult("camera", there, f"{uri.path} is {'there' if there else 'missing'}", "" if there else _LIST)
    else:
        known = {device.setting: device.name for device in cameras(uri.path.parent).devices}
        name = known.get(str(uri))
        detail = f"{uri} is {name}" if name else f"{uri} is not a camera, or is not plugged in"
        yield CheckResult("camera", name is not None, detail, "" if name else _LIST)


def _network_camera(uri: SourceUri) -> CheckResult:
    place = urlsplit(uri.printable)
    try:
        host, port = place.hostname or "", place.port or _PORTS[uri.scheme]
    except ValueError as error:
        return CheckResult(
            "camera", False, f"{uri.printable} is not an address: {error}", "camera.uri in the configuration"
        )
    fault = connects(host, port)
    detail = f"{uri.printable} answers" if fault is None else f"{uri.printable} does not answer: {fault}"
    return CheckResult("camera", fault is None, detail, "" if fault is None else f"ping {host}")


def microphone(box: CheckedBox) -> Iterator[CheckResult]:
    """The configured microphone and the library that it needs."""
    device = box.config.microphone.device
    if device in (None, "camera"):
        return
    try:
        module = sounddevice()
    except CaptureError as error:
        yield CheckResult("microphone", False, str(error), "sudo apt install libportaudio2")
        return
    try:
        found = module.query_devices(None if device == "default" else _numbered(str(device)), "input")
    except ValueError as error:  # sounddevice: no such device
        yield CheckResult("microphone", False, f"microphone.device {device!r}: {error}", _LIST)
        return
    except module.PortAudioError as error:
        yield CheckResult("microphone", False, f"no microphone: {error}", _LIST)
        return
    yield CheckResult("microphone", True, str(found["name"]))


def receiver(box: CheckedBox) -> Iterator[CheckResult]:
    """The satellite receiver or gpsd that gives the vehicle's speed."""
    arming = box.config.arming
    if arming.source == "nmea" and arming.device is not None:
        there = Path(arming.device).exists()
        detail = f"{arming.device} is {'there' if there else 'missing: is the receiver plugged in?'}"
        yield CheckResult("receiver", there, detail, "" if there else "ls -l /dev/serial/by-id")
    elif arming.source == "gpsd":
        fault = connects(arming.host, arming.port)
        detail = f"gpsd at {arming.host}:{arming.port} " + ("answers" if fault is None else f"does not: {fault}")
        yield CheckResult("receiver", fault is None, detail, "" if fault is None else "sudo systemctl start gpsd")


def groups(box: CheckedBox) -> Iterator[CheckResult]:
    """Whether the user of the box may open its devices."""
    nodes = [node for node in _nodes(box) if node.exists()]
    for node in nodes:
        about = node.stat()
        group = _group(about.st_gid)
        if about.st_mode & stat.S_IROTH and about.st_mode & stat.S_IWOTH:
            continue
        if box.root and group not in DEVICE_GROUPS:
            detail = f"{node} belongs to the group {group}, which the services are not in"
            yield CheckResult("groups", False, detail, f"sudo chgrp {DEVICE_GROUPS[0]} {node}")
        elif not box.root and not os.access(node, os.R_OK | os.W_OK):
            who = pwd.getpwuid(os.getuid()).pw_name
            detail = f"{who} may not open {node}, which belongs to the group {group}"
            yield CheckResult("groups", False, detail, f"sudo usermod -aG {group} {who}  (then log in again)")


def connects(host: str, port: int) -> str | None:
    """Why a connection fails; None if it does not."""
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _nodes(box: CheckedBox) -> Iterator[Path]:
    config = box.config
    if config.camera.uri is not None and (uri := parse_uri(config.camera.uri)).scheme == "v4l2":
        yield uri.path
    if config.microphone.device not in (None, "camera"):
        yield from sorted(_SOUND_CARDS.glob("pcm*c"))
    if config.warning is not None:
        yield from _of_warning(config.warning)
    if config.models.provider != "cpu":
        yield from sorted(_GPUS.glob("renderD*"))
    if config.arming.device is not None:
        yield Path(config.arming.device)


def _of_warning(warning: WarningConfig) -> Iterator[Path]:
    if warning.speaker is not None:
        yield from sorted(_SOUND_CARDS.glob("pcm*p"))
    for line in (warning.gpio, warning.button):
        if line is not None:
            yield Path(line.rpartition(":")[0])
    if warning.relay is not None:
        yield Path(warning.relay)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _numbered(device: str) -> str | int:
    return int(device) if device.isdecimal() else device


def speaker(box: CheckedBox) -> Iterator[CheckResult]:
    """The configured speaker: it plays its chime, so that the user can hear it."""
    warning = box.config.warning
    if warning is None:
        if box.config.allowance.warns:
            detail = "nothing in the cab warns the driver: set the section `warning`"
            yield CheckResult("warning", False, detail, "emvas devices", needed=False)
        return
    if warning.speaker is None:
        return
    phrases: dict[Signal, Phrase] = {}
    if warning.phrases is not None:
        try:
            phrases = load_phrases(Path(warning.phrases), warning.phrase_language)
        except PhraseError as error:
            yield CheckResult("phrases", False, str(error), "docs/bus.md, Spoken phrases")
        else:
            yield CheckResult("phrases", True, f"{warning.phrases} has {', '.join(phrases)}")
    player = Player(warning, time.monotonic, lambda: False, phrases)
    player.play(Cue("ready"))
    try:
        play_once(warning.speaker, player, _PLAY_S)
    except CaptureError as error:
        yield CheckResult("speaker", False, str(error), "emvas devices")
    else:
        yield CheckResult("speaker", True, f"{warning.speaker} played two soft tones, rising: did you hear them?")


def lines(box: CheckedBox) -> Iterator[CheckResult]:
    """The device files of lamp, button and relay."""
    warning = box.config.warning
    if warning is None:
        return
    for name, place in (("gpio", warning.gpio), ("button", warning.button), ("relay", warning.relay)):
        if place is not None:
            path = Path(place.rpartition(":")[0] if name != "relay" else place)
            detail = f"{path} is {'there' if path.exists() else 'missing'}"
            yield CheckResult(
                name, path.exists(), detail, "" if path.exists() else _GPIO if name != "relay" else "ls /dev"
            )
