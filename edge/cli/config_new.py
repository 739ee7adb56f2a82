"""`emvas config new`: asks what the box is, writes a commented configuration, checks it, installs it on trial."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import yaml

from edge.capture import CaptureError
from edge.capture.devices import Device, FoundDevices, cameras, microphones, network_cameras, speakers
from edge.cli import devices, machine_checks
from edge.cli.box_folders import CONFIG, CONFIG_STORE, MODELS_STORE, RELEASES, state_folder, store_at
from edge.cli.devices import preview
from edge.cli.machine_checks import CheckedBox, CheckResult
from edge.cli.releases import print_state
from edge.config import Config, load_config
from edge.config.purpose import ALLOWANCES, Purpose
from edge.error import EmvasError
from edge.process import own_files
from edge.shipped import BUNDLE

_NONE = "none"
_NAME_HELP = "letters, digits, - and _"
_CHECKS = (devices.camera, devices.microphone, devices.receiver, devices.speaker, machine_checks.broker)
_LEAVES_THE_BOX = {
    Purpose.DRIVER_SAFETY: "fatigue, attention and distress of a driver, alerts, summaries; no moods, no transcripts",
    Purpose.CLASSROOM_WELLBEING: "figures of five faces or more together, and safety events; nothing about one person",
    Purpose.RESEARCH: "everything except frames and audio; all persons in view have agreed in writing",
}
_TLS_PORT = 8883
"""IANA's secure-mqtt."""
_SPEED_KEYS = {"nmea": "device", "mqtt": "topic"}


class NewConfigError(EmvasError):
    """The file cannot be written."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that make a configuration; None: the box has no such part."""

    purpose: Purpose
    site: str
    id: str
    camera: str | None
    microphone: str | None
    speaker: str | None = None
    broker: str | None = None
    broker_port: int = 1883
    broker_user: str | None = None
    broker_password_file: str | None = None
    speed: str = "none"
    """A value of `arming.source`."""
    speed_from: str | None = None
    """The serial device (nmea) or the topic (mqtt)."""


@click.command(epilog="\b\nExample:\n  sudo emvas config new --out bus-007.yaml")
@click.option("--out", default="box.yaml", show_default=True, type=click.Path(path_type=Path), help="The new file.")
@click.option("--install/--no-install", "installs", default=None, help="Whether to install it on trial; default: ask.")
def new(out: Path, installs: bool | None) -> None:
    """Ask what this box is, write a configuration, check it and install it on trial.

    Questions about devices list what is plugged in. Enter takes the value in brackets.
    """
    own_files()
    if out.exists() and not click.confirm(f"{out} exists already: overwrite it?"):
        raise click.Abort
    text = config_text(_ask_all())
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NewConfigError(f"{out} cannot be written: {error.strerror}") from error
    config = load_config(out)
    click.echo(f"\nWritten: {out}")
    subject = CheckedBox(config, state_folder(), os.geteuid() == 0)
    findings = [finding for check in _CHECKS for finding in check(subject)]
    _print_findings(findings)
    if installs is None:
        installs = subject.root and click.confirm("Install it on this box, on trial?", default=True)
    if installs:
        _install(out, config)
    click.echo(f"Next: emvas aim --config {out}, then emvas check --config {out}")


def _install(made: Path, config: Config) -> None:
    """Install the configuration on trial; a box without models also gets the bundle of the package."""
    from edge.bundle.install import install_bundle, terms_of
    from edge.config.loader import install_config
    from edge.runtime.perception_stages import needed_roles

    models, folder = RELEASES / MODELS_STORE, RELEASES / CONFIG_STORE
    if not (models / "current").exists():
        click.echo("This box has no models yet; the models of the package are tested here and installed.")
        terms = replace(terms_of(config.models), roles=needed_roles(config))
        install_bundle(BUNDLE, store_at(models), terms, lambda _check: None)
    print_state(install_config(made, store_at(folder), CONFIG), folder, False)


def _ask_all() -> Answers:
    """Ask all questions, one after another."""
    purpose = Purpose(
        click.prompt(
            "What is the purpose of this box?",
            default=Purpose.DRIVER_SAFETY.value,
            type=click.Choice([purpose.value for purpose in Purpose]),
        )
    )
    if ALLOWANCES[purpose].consent_needed:
        click.confirm("Have all persons in view agreed in writing?", abort=True)
    site = _name("Site (a depot, a school)", "site-1")
    id_ = _name("Name of this box on its site", "box-1")
    camera = _seen(_one_of("camera", [cameras(), network_cameras()], "camera.uri, such as rtsp://user:password@host/1"))
    microphone = _one_of("microphone", [microphones()], "a name", default="default")
    speaker = None
    if ALLOWANCES[purpose].warns:
        speaker = _one_of("speaker that warns the driver", [speakers()], "a name", default="default")
    broker, port, user, password_file = _broker()
    speed, where = _speed(broker is not None) if purpose is Purpose.DRIVER_SAFETY else ("none", None)
    return Answers(
        purpose, site, id_, camera, microphone, speaker, broker, port, user, password_file, speed, where
    )  # fmt: skip


def _name(question: str, default: str) -> str:
    def proof(value: str) -> str:
        if (
            not value.replace("-", "").replace("_", "").isascii()
            or not value.replace("-", "").replace("_", "").isalnum()
        ):
            raise click.UsageError(f"a name has {_NAME_HELP}")
        return value

    return str(click.prompt(question, default=default, value_proc=proof))


def _one_of(what: str, found: Sequence[FoundDevices], other: str, default: str | None = None) -> str | None:
    """A device by its number in the list, by its setting, or none."""
    devices: list[Device] = [device for part in found for device in part.devices]
    click.echo(f"\nWhich {what}?")
    for number, device in enumerate(devices, 1):
        click.echo(f"  {number}  {device.name}  ({device.setting}) {device.detail}".rstrip())
    for missing in (sentence for part in found for sentence in part.missing):
        click.echo(f"     {missing}")
    usual = "1" if devices and default is None else default or _NONE
    answer = str(click.prompt(f"Its number, {other}, or {_NONE}", default=usual)).strip()
    if answer == _NONE:
        return None
    known = answer.isdecimal() and 1 <= int(answer) <= len(devices)
    return devices[int(answer) - 1].setting if known else answer


def _seen(uri: str | None) -> str | None:
    """The camera, once it has shown a frame, or the user takes it without."""
    if uri is None:
        return None
    try:
        click.echo(f"  It shows: {preview(uri)}")
    except (CaptureError, ValueError) as error:
        click.echo(f"  {error}")
        if not click.confirm("  Take it all the same?", default=False):
            return _seen(str(click.prompt("  Another camera.uri")))
    return uri


def _broker() -> tuple[str | None, int, str | None, str | None]:
    click.echo("")
    host = str(click.prompt(f"MQTT broker (a name or an address, or {_NONE})", default="localhost"))
    if host == _NONE:
        return None, 1883, None, None
    port = int(click.prompt("Its port (8883: encrypted)", default=1883, type=click.IntRange(1, 65535)))
    user = str(click.prompt(f"User there, or {_NONE}", default=_NONE))
    if user == _NONE:
        return host, port, None, None
    password = str(click.prompt("File that holds the password", default="/etc/emvas/mqtt-password"))
    return host, port, user, password


def _speed(has_broker: bool) -> tuple[str, str | None]:
    sources_: list[str] = [_NONE, "nmea", "gpsd", *(["mqtt"] if has_broker else [])]
    source = str(click.prompt("\nWhere does the speed come from?", default=_NONE, type=click.Choice(sources_)))
    ask: dict[str, Callable[[], str]] = {
        "nmea": lambda: str(click.prompt("Serial device of the receiver", default="/dev/ttyUSB0")),
        "mqtt": lambda: str(click.prompt("Topic of the speed in km/h", default="vehicle/speed")),
    }
    return source, ask[source]() if source in ask else None


def _print_findings(findings: list[CheckResult]) -> None:
    for finding in findings:
        click.echo(f"  {'ok     ' if finding.ok else 'missing'}  {finding.name}: {finding.detail}")
    for mend in dict.fromkeys(finding.mend for finding in findings if finding.mend):
        click.echo(f"  To mend: {mend}")


def config_text(answers: Answers) -> str:
    """The YAML file; keys that have a default and rarely change are left out."""
    parts = [
        f"# Made by `emvas config new`. All keys and their bounds: docs/configuration.md\n"
        f"# What leaves the box: {_LEAVES_THE_BOX[answers.purpose]}.",
        _section({"purpose": answers.purpose.value}).rstrip(),
    ]
    if answers.purpose is Purpose.RESEARCH:
        parts[-1] += "\nconsent: recorded      # all persons in view have agreed in writing"
    parts += [
        "# Both are levels of every MQTT topic: emvas/SITE/ID/...\n"
        + _section({"box": {"site": answers.site, "id": answers.id}}),
        "# `emvas devices` lists what is plugged in; `emvas aim` helps to aim the camera\n"
        + _section({"camera": _camera_section(answers), "microphone": {"device": answers.microphone}}),
    ]
    parts += _of_purpose(answers)
    if answers.broker is not None:
        parts.append("# Alerts wait on disk while the broker is away\n" + _section({"mqtt": _broker_section(answers)}))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _of_purpose(answers: Answers) -> list[str]:
    parts = []
    if answers.purpose is Purpose.CLASSROOM_WELLBEING:
        room = {"vision": {"max_faces": 24}, "fatigue": {"enabled": False}, "speech": {"transcribe": False}}
        parts.append("# The room is observed, not single persons\n" + _section(room))
    elif answers.purpose is Purpose.DRIVER_SAFETY:
        parts.append("# This purpose needs no transcripts\n" + _section({"speech": {"transcribe": False}}))
    if answers.speaker is not None:
        parts.append(
            "# Warnings to the driver; critical ones rise until the eyes open\n"
            + _section({"warning": {"speaker": answers.speaker, "volume": 0.5}})
        )
    if answers.speed != "none":
        arming = {"source": answers.speed}
        if answers.speed in _SPEED_KEYS and answers.speed_from is not None:
            arming[_SPEED_KEYS[answers.speed]] = answers.speed_from
        parts.append(
            "# Alerts about sleep are armed from 5 km/h, all others from 20 km/h\n" + _section({"arming": arming})
        )
    return parts


def _camera_section(answers: Answers) -> dict[str, object]:
    """A room needs many pixels, for small faces, and a low frame rate, for many faces."""
    large = {"width_px": 1920, "height_px": 1080, "fps": 5}
    return {"uri": answers.camera, **(large if answers.purpose is Purpose.CLASSROOM_WELLBEING else {})}


def _broker_section(answers: Answers) -> dict[str, object]:
    section: dict[str, object] = {"host": answers.broker, "port": answers.broker_port}
    if answers.broker_port == _TLS_PORT:
        section["tls"] = True
    if answers.broker_user is not None:
        section["username"] = answers.broker_user
    if answers.broker_password_file is not None:
        section["password_file"] = answers.broker_password_file
    return section


def _section(content: Mapping[str, object]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
