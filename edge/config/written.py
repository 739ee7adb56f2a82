"""A first configuration of a box, as a commented file made of what somebody answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from edge.config.purpose import Purpose

_WHY = {
    Purpose.DRIVER_SAFETY: "fatigue, looks and distress of a driver, alerts and summaries; never a mood, never words",
    Purpose.CLASSROOM_WELLBEING: "what five faces or more have in common, and safety events; nothing about one person",
    Purpose.RESEARCH: "everything but pictures and sound; everybody in the picture has agreed in writing",
}
_TLS_PORT = 8883
"""IANA's secure-mqtt."""
_SPEED_KEYS = {"nmea": "device", "mqtt": "topic"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a box needs to be told; None is a part that it does without."""

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


def written(answers: Answers) -> str:
    """The YAML file; what has a default and is rarely changed is left out."""
    parts = [
        f"# Made by `emvas config new`. All keys and their bounds: docs/configuration.md\n"
        f"# It leaves the box: {_WHY[answers.purpose]}.",
        _section({"purpose": answers.purpose.value}).rstrip(),
    ]
    if answers.purpose is Purpose.RESEARCH:
        parts[-1] += "\nconsent: recorded      # everybody in the picture has agreed in writing"
    parts += [
        "# Both are levels of every MQTT topic: emvas/SITE/ID/...\n"
        + _section({"box": {"site": answers.site, "id": answers.id}}),
        "# `emvas devices` lists what is plugged in; `emvas aim` says how the camera must hang\n"
        + _section({"camera": _camera(answers), "microphone": {"device": answers.microphone}}),
    ]
    parts += _of_purpose(answers)
    if answers.broker is not None:
        parts.append("# Alerts wait on disk while it is away\n" + _section({"mqtt": _broker(answers)}))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _of_purpose(answers: Answers) -> list[str]:
    parts = []
    if answers.purpose is Purpose.CLASSROOM_WELLBEING:
        room = {"vision": {"max_faces": 24}, "fatigue": {"enabled": False}, "speech": {"transcribe": False}}
        parts.append("# A room is watched over, nobody in it\n" + _section(room))
    elif answers.purpose is Purpose.DRIVER_SAFETY:
        parts.append("# Nothing that this purpose may tell needs words\n" + _section({"speech": {"transcribe": False}}))
    if answers.speaker is not None:
        parts.append(
            "# What the driver hears, on the spot; critical warnings rise until the eyes open\n"
            + _section({"warning": {"speaker": answers.speaker, "volume": 0.5}})
        )
    if answers.speed != "none":
        arming = {"source": answers.speed}
        if answers.speed in _SPEED_KEYS and answers.speed_from is not None:
            arming[_SPEED_KEYS[answers.speed]] = answers.speed_from
        parts.append("# Sleep is told from 5 km/h, all else from 20 km/h\n" + _section({"arming": arming}))
    return parts


def _camera(answers: Answers) -> dict[str, object]:
    """A room needs pixels for its small faces and has few pictures a second to spare for each."""
    large = {"width_px": 1920, "height_px": 1080, "fps": 5}
    return {"uri": answers.camera, **(large if answers.purpose is Purpose.CLASSROOM_WELLBEING else {})}


def _broker(answers: Answers) -> dict[str, object]:
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
